//! Rules that several statements share: a clause stands once, some clauses are planned but not here yet.

use levada_base::{Error, Position, Result, codes};

use super::reader::Reader;

/// Fills `slot`, or says that the clause stands twice (LV-S003).
pub(crate) fn once<T>(slot: &mut Option<T>, value: T, clause: &str, position: Position) -> Result<()> {
    if slot.is_some() {
        return Err(twice(clause, position));
    }
    *slot = Some(value);
    Ok(())
}

/// LV-S003 for a clause that stands twice.
pub(crate) fn twice(clause: &str, position: Position) -> Error {
    Error::new(codes::LV_S003, format!("{clause} is given twice")).with_hint("remove one of the two").at(position)
}

/// LV-S004 for something of the grammar that this release does not do.
pub(crate) fn planned(what: &str, hint: &str, position: Position) -> Error {
    Error::new(codes::LV_S004, format!("{what} is planned, but not in this release")).with_hint(hint).at(position)
}

/// Clauses of CREATE statements that are refused with LV-S004, each with the nearest thing that works.
const PLANNED_CLAUSES: &[(&str, &str)] = &[
    ("INCLUDE", "declare the column in the column list"),
    ("ON ERROR SKIP", "leave the clause out: the job stops at the first bad row and says which one"),
    ("ON ERROR NULL", "leave the clause out, or use TRY_CAST in the query"),
    ("REFRESH", "load the table with INSERT INTO … SELECT …"),
    ("EMIT EVERY", "use EMIT CHANGES, or EMIT ON WINDOW CLOSE over a window"),
    ("EMIT PERIODICALLY", "use EMIT CHANGES, or EMIT ON WINDOW CLOSE over a window"),
    ("AFTER EPOCH", "leave it out: a session reads its own writes"),
    ("AS OF", "leave it out: the newest epoch is read"),
    ("WITHIN EPOCH ORDER", "sort the rows of an epoch in the reader"),
    ("WITH VERSION COLUMN", "leave it out: the row that comes last wins"),
    ("LATENESS", "declare WATERMARK FOR column AS column - INTERVAL '…'"),
    ("COMMENT", "use a -- comment"),
    ("DEFER", "use RESTRICT or CASCADE"),
];

/// An error if the next words open a clause that this release does not have.
pub(crate) fn refuse_planned(reader: &Reader<'_>) -> Result<()> {
    match PLANNED_CLAUSES.iter().find(|(words, _)| reader.is(words)) {
        Some((words, hint)) => {
            let first = reader.index();
            Err(planned(words, hint, reader.position_from(first, first + words.split(' ').count())))
        }
        None => Ok(()),
    }
}
