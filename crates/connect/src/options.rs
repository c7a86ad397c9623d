//! Options as written in `WITH (…)`: text with a place, checked against a table of what is known.

use std::time::Duration;

use levada_base::{Error, Position, Result, codes, nearest};

/// What an option's value must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OptionKind {
    Bool,
    Int {
        min: i64,
        max: i64,
    },
    Float {
        min: f64,
        max: f64,
    },
    Text,
    Choice(&'static [&'static str]),
    /// A number with its unit, such as `5 s`.
    Duration,
    /// A number with its unit, such as `64 MiB`.
    Bytes,
}

/// One option that a connector or a format knows.
#[derive(Debug, Clone, Copy)]
pub struct OptionSpec {
    /// As it is written; a `*` stands for any name (`fields.*.kind`).
    pub name: &'static str,
    pub kind: OptionKind,
    /// The value it has when it is not given, as it would be written; `None` where there is none.
    pub default: Option<&'static str>,
    pub required: bool,
    /// One line.
    pub help: &'static str,
}

/// A value as written, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct OptionValue {
    pub key: String,
    pub value: String,
    pub key_position: Option<Position>,
    pub value_position: Option<Position>,
}

/// The options of one statement, in the order they were written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options(Vec<OptionValue>);

impl Options {
    /// Options in the order they were written.
    #[must_use]
    pub fn new(values: Vec<OptionValue>) -> Self {
        Self(values)
    }

    /// Options without places, for programs and tests.
    #[must_use]
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        let value = |(key, value): &(&str, &str)| OptionValue {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
            key_position: None,
            value_position: None,
        };
        Self(pairs.iter().map(value).collect())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &OptionValue> {
        self.0.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The option of that name.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&OptionValue> {
        self.0.iter().find(|option| option.key == key)
    }

    /// Takes the option of that name out.
    pub fn remove(&mut self, key: &str) -> Option<OptionValue> {
        let at = self.0.iter().position(|option| option.key == key)?;
        Some(self.0.remove(at))
    }

    /// Keeps those for which `keep` says so, gives back the others.
    pub fn split_off(&mut self, mut keep: impl FnMut(&str) -> bool) -> Self {
        let (kept, others) = std::mem::take(&mut self.0).into_iter().partition(|option| keep(&option.key));
        self.0 = kept;
        Self(others)
    }

    /// Checks every option against `table`: unknown (with the nearest name), given twice, of the wrong kind, out of range, missing.
    /// `owner` names whose options they are. All errors are reported together, the first carrying the others.
    ///
    /// # Errors
    /// `LV-C002`, `LV-C003`, `LV-C004`, `LV-C005`.
    pub fn check(&self, owner: &str, table: &[OptionSpec]) -> Result<()> {
        let mut errors = Vec::new();
        for (index, option) in self.0.iter().enumerate() {
            match table.iter().find(|spec| spec.is_called(&option.key)) {
                None => errors.push(unknown(owner, option, table)),
                Some(_) if self.0[..index].iter().any(|earlier| earlier.key == option.key) => {
                    errors.push(
                        Error::new(codes::LV_C005, format!("option \"{}\" of {owner} is given twice", option.key))
                            .with_hint("remove one of them")
                            .at(option.key_position),
                    );
                }
                Some(spec) => errors.extend(option.check(owner, spec).err()),
            }
        }
        for spec in table.iter().filter(|spec| spec.required && self.get(spec.name).is_none()) {
            errors.push(
                Error::new(codes::LV_C004, format!("{owner} needs the option \"{}\"", spec.name))
                    .with_reason(spec.help)
                    .with_hint(format!("add {} = '…' to WITH (…)", spec.name)),
            );
        }
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => {
                let first = errors.remove(0);
                Err(first.with_also(errors))
            }
        }
    }

    /// The text of an option, or its default from `table`.
    #[must_use]
    pub fn text<'a>(&'a self, table: &'a [OptionSpec], key: &str) -> Option<&'a str> {
        let default = || table.iter().find(|spec| spec.name == key).and_then(|spec| spec.default);
        self.get(key).map(|option| option.value.as_str()).or_else(default)
    }

    /// A checked `Int` option, or its default.
    #[must_use]
    pub fn int(&self, table: &[OptionSpec], key: &str) -> Option<i64> {
        self.text(table, key)?.trim().replace('_', "").parse().ok()
    }

    /// A checked `Float` option, or its default.
    #[must_use]
    pub fn float(&self, table: &[OptionSpec], key: &str) -> Option<f64> {
        self.text(table, key)?.trim().parse().ok()
    }

    /// A checked `Bool` option, or its default.
    #[must_use]
    pub fn bool(&self, table: &[OptionSpec], key: &str) -> Option<bool> {
        parse_bool(self.text(table, key)?)
    }

    /// A checked `Duration` option, or its default.
    #[must_use]
    pub fn duration(&self, table: &[OptionSpec], key: &str) -> Option<Duration> {
        levada_base::duration(self.text(table, key)?)
    }

    /// A checked `Bytes` option, or its default.
    #[must_use]
    pub fn bytes(&self, table: &[OptionSpec], key: &str) -> Option<u64> {
        levada_base::bytes(self.text(table, key)?)
    }
}

impl OptionSpec {
    /// Whether `key` is this option's name.
    #[must_use]
    pub fn is_called(&self, key: &str) -> bool {
        match self.name.split_once('*') {
            None => self.name == key,
            Some((front, back)) => key.len() > front.len() + back.len() && key.starts_with(front) && key.ends_with(back),
        }
    }

    /// Its name as it may have been meant by `key`: what a `*` stands for is taken from there.
    fn name_near(&self, key: &str) -> String {
        let middle = |front: &str| Some(key.strip_prefix(front)?.rsplit_once('.')?.0.to_owned());
        match self.name.split_once('*') {
            None => self.name.to_owned(),
            Some((front, back)) => match middle(front) {
                Some(middle) => format!("{front}{middle}{back}"),
                None => self.name.to_owned(),
            },
        }
    }
}

impl OptionValue {
    fn check(&self, owner: &str, spec: &OptionSpec) -> Result<()> {
        let value = self.value.trim();
        let wanted = match spec.kind {
            OptionKind::Text => return Ok(()),
            OptionKind::Bool if parse_bool(value).is_some() => return Ok(()),
            OptionKind::Bool => "true or false".to_owned(),
            OptionKind::Int { min, max } => match value.replace('_', "").parse::<i64>() {
                Ok(number) if (min..=max).contains(&number) => return Ok(()),
                _ if max == i64::MAX => format!("a whole number of at least {min}"),
                _ => format!("a whole number from {min} to {max}"),
            },
            OptionKind::Float { min, max } => match value.parse::<f64>() {
                Ok(number) if (min..=max).contains(&number) => return Ok(()),
                _ => format!("a number from {min} to {max}"),
            },
            OptionKind::Choice(allowed) if allowed.contains(&value) => return Ok(()),
            OptionKind::Choice(allowed) => {
                let near = nearest(value, allowed.iter().copied());
                let near = near.map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
                format!("one of {}{near}", allowed.join(", "))
            }
            OptionKind::Duration if levada_base::duration(value).is_some() => return Ok(()),
            OptionKind::Duration => "a duration with its unit, such as '5 s'".to_owned(),
            OptionKind::Bytes if levada_base::bytes(value).is_some() => return Ok(()),
            OptionKind::Bytes => "a size with its unit, such as '64 MiB'".to_owned(),
        };
        Err(Error::new(codes::LV_C003, format!("option \"{}\" of {owner} can't be '{}'", self.key, self.value))
            .with_hint(format!("give {wanted}"))
            .at(self.value_position))
    }
}

fn parse_bool(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" => Some(true),
        "false" | "off" | "no" => Some(false),
        _ => None,
    }
}

fn unknown(owner: &str, option: &OptionValue, table: &[OptionSpec]) -> Error {
    let error = Error::new(codes::LV_C002, format!("{owner} has no option \"{}\"", option.key)).at(option.key_position);
    let names: Vec<String> = table.iter().map(|spec| spec.name_near(&option.key)).collect();
    match nearest(&option.key, names.iter().map(String::as_str)) {
        Some(name) => error.with_hint(format!("did you mean \"{name}\"?")),
        None => error.with_hint(format!("it knows {}", table.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[OptionSpec] = &[
        OptionSpec { name: "path", kind: OptionKind::Text, default: None, required: true, help: "the file" },
        OptionSpec {
            name: "rows_max",
            kind: OptionKind::Int { min: 1, max: i64::MAX },
            default: Some("10"),
            required: false,
            help: "how many",
        },
        OptionSpec { name: "wait", kind: OptionKind::Duration, default: None, required: false, help: "how long" },
    ];

    #[test]
    fn all_errors_come_together() {
        let options = Options::of(&[("rows_mx", "5"), ("rows_max", "0"), ("wait", "5")]);
        let error = options.check("connector \"x\"", TABLE).unwrap_err();
        assert_eq!(error.code(), codes::LV_C002);
        assert_eq!(error.hint(), Some("did you mean \"rows_max\"?"));
        let also: Vec<_> = error.also().iter().map(Error::code).collect();
        assert_eq!(also, [codes::LV_C003, codes::LV_C003, codes::LV_C004]);
    }

    #[test]
    fn a_star_stands_for_any_name() {
        let kind = OptionKind::Choice(&["random", "sequence"]);
        let table = [OptionSpec { name: "fields.*.kind", kind, default: None, required: false, help: "how" }];
        let check = |key: &str| Options::of(&[(key, "random")]).check("x", &table);
        assert!(check("fields.id.kind").is_ok());
        assert!(check("fields.a.b.kind").is_ok());
        assert_eq!(check("fields.id.kin").unwrap_err().hint(), Some("did you mean \"fields.id.kind\"?"));
        assert_eq!(check("fields.kind").unwrap_err().code(), codes::LV_C002);
    }

    #[test]
    fn twice_is_an_error_and_defaults_apply() {
        let twice = Options::of(&[("path", "a"), ("path", "b")]);
        assert_eq!(twice.check("x", TABLE).unwrap_err().code(), codes::LV_C005);
        assert_eq!(Options::of(&[("path", "a")]).int(TABLE, "rows_max"), Some(10));
    }
}
