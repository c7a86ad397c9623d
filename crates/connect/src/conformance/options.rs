//! The laws of an option table.

use levada_base::{Code, Result, codes};

use crate::{OptionKind, OptionSpec, OptionValue, Options};

/// Examines the options of a connector or format; `base` is what it needs to be right, and `check` the check that a statement goes
/// through. Laws, for every option of `table` whose name has no `*`:
///
/// - Its default and the ends of its range are accepted, unless it is one of `restricted` (options with further rules).
/// - What is beyond an end, or of another kind, is refused with `LV-C003`.
/// - Given twice it is `LV-C005`; a name near its own is `LV-C002` and its name is offered.
/// - One that is required is asked for with `LV-C004`.
/// - It has a line of help.
///
/// # Panics
/// Where a law is broken.
pub fn options(table: &[OptionSpec], base: &[(&str, &str)], restricted: &[&str], check: impl Fn(&Options) -> Result<()>) {
    let code_of = |pairs: &[(&str, &str)]| check(&Options::of(pairs)).err().map(|error| error.code());
    assert_eq!(code_of(base), None, "what is said to be right is refused");
    for spec in table.iter().filter(|spec| !spec.name.contains('*')) {
        let others: Vec<_> = base.iter().copied().filter(|(key, _)| *key != spec.name).collect();
        let with = |value: &str| code_of(&[&others[..], &[(spec.name, value)]].concat());
        let good = spec.default.map(str::to_owned).into_iter().chain(accepted(spec.kind));
        for value in good.filter(|_| !restricted.contains(&spec.name)) {
            assert_eq!(with(&value), None, "{} = '{value}'", spec.name);
        }
        for value in refused(spec.kind) {
            assert_eq!(with(&value), Some(codes::LV_C003), "{} = '{value}'", spec.name);
        }
        assert!(!spec.help.is_empty(), "{} has no help", spec.name);
        named_wrongly(spec, &others, &check);
        if spec.required {
            assert_eq!(code_of(&others), Some(codes::LV_C004), "{} is required", spec.name);
        }
    }
}

fn named_wrongly(spec: &OptionSpec, others: &[(&str, &str)], check: &impl Fn(&Options) -> Result<()>) {
    let value =
        spec.default.map(str::to_owned).or_else(|| accepted(spec.kind).into_iter().next()).unwrap_or_else(|| "x".to_owned());
    let option =
        |key: &str| OptionValue { key: key.to_owned(), value: value.clone(), key_position: None, value_position: None };
    let errors = |options: Vec<OptionValue>| -> Vec<(Code, Option<String>)> {
        let others = Options::of(others);
        let options = Options::new(others.iter().cloned().chain(options).collect());
        let Err(error) = check(&options) else { return Vec::new() };
        let hint = |error: &levada_base::Error| (error.code(), error.hint().map(str::to_owned));
        std::iter::once(hint(&error)).chain(error.also().iter().map(hint)).collect()
    };
    let twice = errors(vec![option(spec.name), option(spec.name)]);
    assert!(twice.iter().any(|(code, _)| *code == codes::LV_C005), "{} given twice: {twice:?}", spec.name);
    let near = errors(vec![option(&format!("{}q", spec.name))]);
    let offered = (codes::LV_C002, Some(format!("did you mean \"{}\"?", spec.name)));
    assert!(near.contains(&offered), "{}q: {near:?}", spec.name);
}

/// Values at the ends of what is right.
fn accepted(kind: OptionKind) -> Vec<String> {
    match kind {
        OptionKind::Bool => ["true", "false", "on", "OFF"].map(str::to_owned).to_vec(),
        OptionKind::Int { min, max } => vec![min.to_string(), max.to_string()],
        OptionKind::Float { min, max } => vec![min.to_string(), max.to_string()],
        OptionKind::Text => Vec::new(),
        OptionKind::Choice(allowed) => allowed.iter().map(|value| (*value).to_owned()).collect(),
        OptionKind::Duration => vec!["5 s".to_owned()],
        OptionKind::Bytes => vec!["64 MiB".to_owned()],
    }
}

/// Values just outside, of another kind, or without their unit.
fn refused(kind: OptionKind) -> Vec<String> {
    let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    match kind {
        OptionKind::Bool => texts(&["maybe", "", "2"]),
        OptionKind::Int { min, max } => {
            let outside = [i128::from(min) - 1, i128::from(max) + 1].map(|number| number.to_string());
            [texts(&["many", "1.5", ""]), outside.to_vec()].concat()
        }
        OptionKind::Float { min, max } => {
            let outside = [min - 1.0, max + 1.0].map(|number| number.to_string());
            [texts(&["much", "", "NaN"]), outside.to_vec()].concat()
        }
        OptionKind::Text => Vec::new(),
        OptionKind::Choice(_) => texts(&["no such choice", ""]),
        OptionKind::Duration => texts(&["5", "soon", "-5 s", ""]),
        OptionKind::Bytes => texts(&["64", "much", "-1 MiB", ""]),
    }
}
