//! Which field of a file is which column: by name, exactly, or else the only one that is the same but for case.

use std::collections::HashMap;

use arrow::datatypes::Schema;
use levada_base::{Error, Result, codes};

use crate::fault;

/// For each column of `schema` the index of its field among `fields`; `None` where the file lacks it and it may be NULL.
///
/// # Errors
/// `LV-C050` if a column without NULLs has no field, or several fields could be meant.
pub(crate) fn locate(file: &str, schema: &Schema, fields: &[&str]) -> Result<Vec<Option<usize>>> {
    let find = |name: &str| {
        let matches = |same: &dyn Fn(&str) -> bool| -> Vec<usize> {
            fields.iter().enumerate().filter(|(_, field)| same(field)).map(|(at, _)| at).collect()
        };
        let exact = matches(&|field| field == name);
        if exact.is_empty() { matches(&|field| same_but_for_case(field, name)) } else { exact }
    };
    let one = |column: &arrow::datatypes::FieldRef| match find(column.name())[..] {
        [only] => Ok(Some(only)),
        [] if column.is_nullable() => Ok(None),
        [] => Err(fault::missing_column(file, column.name(), fields.iter().copied())),
        _ => Err(ambiguous(file, column.name())),
    };
    schema.fields().iter().map(one).collect()
}

/// The error for a column that several fields of the file could be.
pub(crate) fn ambiguous(place: &str, column: &str) -> Error {
    Error::new(codes::LV_C050, format!("{place} has several fields for the column \"{column}\""))
        .with_hint("give the fields different names")
}

fn same_but_for_case(left: &str, right: &str) -> bool {
    left.len() == right.len() && left.to_lowercase() == right.to_lowercase()
}

/// The same rule where the fields come one by one, as in JSON objects.
#[derive(Debug)]
pub(crate) struct Names {
    names: Vec<String>,
    exact: HashMap<String, usize>,
    folded: HashMap<String, Vec<usize>>,
}

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// This column.
    Column(usize),
    /// This column if the object has no field of exactly its name.
    Perhaps(usize),
    /// None of them.
    Unknown,
}

impl Names {
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let names: Vec<String> = names.map(str::to_owned).collect();
        let exact = names.iter().enumerate().map(|(at, name)| (name.clone(), at)).collect();
        let mut folded: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, name) in names.iter().enumerate() {
            folded.entry(name.to_lowercase()).or_default().push(at);
        }
        Self { names, exact, folded }
    }

    pub(crate) fn name(&self, column: usize) -> &str {
        &self.names[column]
    }

    /// What `field` is; `expected` is the column it is in most objects, so that the usual order of fields costs one comparison.
    pub(crate) fn role(&self, field: &str, expected: usize) -> Role {
        if self.names.get(expected).is_some_and(|name| name == field) {
            return Role::Column(expected);
        }
        if let Some(column) = self.exact.get(field) {
            return Role::Column(*column);
        }
        match self.folded.get(&field.to_lowercase()).map(Vec::as_slice) {
            Some([only]) => Role::Perhaps(*only),
            _ => Role::Unknown,
        }
    }
}
