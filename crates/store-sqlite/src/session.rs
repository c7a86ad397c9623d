//! A connection while it serves one transaction, and the statements that it needed.

use std::cell::RefCell;

use levada_store::rows::Row;
use levada_store::value::Value;
use rusqlite::{CachedStatement, Connection, Params};

use crate::codec;
use crate::errors::{Failure, Result};
use crate::probe::Probe;
use crate::select::Select;

/// One transaction's use of a connection.
pub(crate) struct Session<'a> {
    connection: &'a Connection,
    /// The different statements so far.
    used: RefCell<Vec<&'static str>>,
    probe: Option<Probe>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Self {
        Self { connection, used: RefCell::default(), probe: None }
    }

    /// The same, telling of every statement before it runs.
    pub(crate) fn probed(mut self, probe: Option<&Probe>) -> Self {
        self.probe = probe.cloned();
        self
    }

    /// How many different statements were used.
    pub(crate) fn statements(&self) -> usize {
        self.used.borrow().len()
    }

    /// The different statements that were used.
    #[cfg(test)]
    pub(crate) fn texts(&self) -> Vec<&'static str> {
        self.used.borrow().clone()
    }

    /// A prepared statement. Its text is constant.
    pub(crate) fn statement(&self, text: &'static str) -> Result<CachedStatement<'a>> {
        if let Some(probe) = &self.probe {
            probe(text);
        }
        let mut used = self.used.borrow_mut();
        // Each text is written down once, so the same statement is the same address.
        if !used.iter().any(|other| std::ptr::eq(*other, text)) {
            used.push(text);
        }
        Ok(self.connection.prepare_cached(text)?)
    }

    /// A prepared statement whose text was put together for a question; not counted.
    pub(crate) fn composed(&self, text: &str) -> Result<CachedStatement<'a>> {
        Ok(self.connection.prepare_cached(text)?)
    }

    /// Every row that a statement finds, in its order.
    pub(crate) fn all<R: Row>(&self, select: &'static Select<R>, params: impl Params) -> Result<Vec<R>> {
        read_all(&mut self.statement(select.text())?, params)
    }

    /// The first row that a statement finds.
    pub(crate) fn one<R: Row>(&self, select: &'static Select<R>, params: impl Params) -> Result<Option<R>> {
        let mut statement = self.statement(select.text())?;
        let mut rows = statement.query(params)?;
        rows.next()?.map(read).transpose()
    }

    /// The first column of the only row, an integer or nothing.
    pub(crate) fn number(&self, text: &'static str, params: impl Params) -> Result<Option<i64>> {
        Ok(self.statement(text)?.query_row(params, |row| row.get(0))?)
    }

    /// Runs a statement that changes rows.
    pub(crate) fn execute(&self, text: &'static str, params: impl Params) -> Result<()> {
        self.statement(text)?.execute(params)?;
        Ok(())
    }
}

/// Every row of a statement whose columns are those of the table.
pub(crate) fn read_all<R: Row>(statement: &mut CachedStatement<'_>, params: impl Params) -> Result<Vec<R>> {
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn read<R: Row>(row: &rusqlite::Row<'_>) -> Result<R> {
    let values = codec::values(row, R::TABLE.columns)?;
    R::read(values).or_else(|bad| {
        let key: Vec<Value> = codec::values(row, &R::TABLE.columns[..R::TABLE.key])?;
        Err(Failure::bad_value(R::TABLE, &key, &bad))
    })
}
