//! What is wrong with a file, said so that the file and the statement can be mended.

use levada_base::{Error, codes, nearest};

/// A row that can't be read: `LV-C040: bids.csv, line 17, column "price": "abc" is not a BIGINT`.
pub(crate) fn bad_row(file: &str, line: u64, column: Option<&str>, reason: impl Into<String>) -> Error {
    let (column, fix) = match column {
        None => (String::new(), MEND_LINE),
        Some(column) => (format!(", column \"{column}\""), MEND),
    };
    Error::new(codes::LV_C040, format!("{file}, line {line}{column}")).with_reason(reason).with_hint(fix)
}

/// A file that is broken as a whole.
pub(crate) fn bad_file(file: &str, reason: impl Into<String>) -> Error {
    Error::new(codes::LV_C040, file).with_reason(reason).with_hint("write the file again, or leave it out")
}

/// A column that must have values and is not in the file.
pub(crate) fn missing_column<'a>(place: &str, column: &str, fields: impl IntoIterator<Item = &'a str> + Clone) -> Error {
    let error = Error::new(codes::LV_C050, format!("{place} has no field for the column \"{column}\""))
        .with_reason("the column is declared NOT NULL");
    match nearest(column, fields.clone()) {
        Some(near) => error.with_hint(format!("did you mean \"{near}\"?")),
        None => {
            let fields: Vec<_> = fields.into_iter().take(FIELDS_LISTED_MAX).map(|field| format!("\"{field}\"")).collect();
            error.with_hint(format!("it has {}", fields.join(", ")))
        }
    }
}

/// The file could not be read for a reason outside it.
pub(crate) fn unreadable(file: &str, cause: std::io::Error) -> Error {
    Error::new(codes::LV_C010, format!("\"{file}\" can't be read"))
        .because(cause)
        .with_hint("see that the file is there and may be read")
}

/// The file could not be written.
pub(crate) fn unwritable(cause: std::io::Error) -> Error {
    Error::new(codes::LV_C030, "the file can't be written")
        .because(cause)
        .with_hint("see that the directory is there, may be written and has room")
}

/// A column of a type that the format can't hold.
pub(crate) fn unfit_type(format: &str, column: &str, type_name: &str) -> Error {
    Error::new(codes::LV_C003, format!("format \"{format}\" can't hold the column \"{column}\" of type {type_name}"))
}

/// What to do about a line that is no row.
pub(crate) const MEND_LINE: &str = "correct the line, or take it out";

/// What to do about a value.
pub(crate) const MEND: &str = "correct the value, or declare the column as TEXT and take try_cast of it";

/// How many fields of a file an error lists.
const FIELDS_LISTED_MAX: usize = 20;
