//! The columns of an object: which member is which column, and what the ones get that it lacks.

use arrow::array::ArrayRef;
use arrow::datatypes::Fields;
use levada_base::Result;

use super::cells::{Node, Wrong, WrongKind};
use super::scanner::Scanner;
use crate::columns::{Names, Role};

/// The columns of an object.
pub(super) struct Members {
    pub(super) fields: Fields,
    names: Names,
    pub(super) nodes: Vec<Node>,
    present: Vec<bool>,
}

impl Members {
    pub(super) fn new(fields: &Fields) -> Result<Self> {
        let names = Names::new(fields.iter().map(|field| field.name().as_str()));
        let nodes = fields.iter().map(Node::new).collect::<Result<_>>()?;
        Ok(Self { fields: fields.clone(), names, nodes, present: vec![false; fields.len()] })
    }

    /// Adds one object: exactly one cell to every column.
    pub(super) fn append(&mut self, scanner: &mut Scanner<'_>, depth: usize) -> Result<(), Wrong> {
        self.present.fill(false);
        let before = scanner.clone();
        let read = self.read(scanner, depth);
        let missing = self.fill_absent();
        read?;
        match missing {
            None => Ok(()),
            Some(column) => {
                Err(Wrong { column: self.names.name(column).to_owned(), kind: WrongKind::Missing(before.member_names()) })
            }
        }
    }

    fn read<'a>(&mut self, scanner: &mut Scanner<'a>, depth: usize) -> Result<(), Wrong> {
        let mut expected = 0;
        let mut deferred: Vec<(usize, Scanner<'a>)> = Vec::new();
        scanner.object(depth, |scanner, field| {
            match self.names.role(field, expected) {
                // A repeated name is refused by the object itself, after its value.
                Role::Column(column) if !self.present[column] => {
                    expected = column + 1;
                    self.put(column, scanner, depth)
                }
                Role::Perhaps(column) => {
                    deferred.push((column, scanner.clone()));
                    Ok(scanner.skip(depth + 1)?)
                }
                _ => Ok(scanner.skip(depth + 1)?),
            }
        })?;
        let exact = self.present.clone();
        for (column, mut scanner) in deferred {
            if exact[column] {
                continue;
            }
            if self.present[column] {
                let column = self.names.name(column).to_owned();
                return Err(Wrong { column, kind: WrongKind::Ambiguous });
            }
            self.put(column, &mut scanner, depth)?;
        }
        Ok(())
    }

    fn put(&mut self, column: usize, scanner: &mut Scanner<'_>, depth: usize) -> Result<(), Wrong> {
        self.present[column] = true;
        let nullable = self.fields[column].is_nullable();
        self.nodes[column].append(scanner, nullable, depth + 1).map_err(|wrong| wrong.inside(self.names.name(column)))
    }

    /// NULL for the columns that the object lacks; the first one that may not be.
    fn fill_absent(&mut self) -> Option<usize> {
        let mut missing = None;
        for (column, present) in self.present.iter().enumerate() {
            if !present {
                self.nodes[column].append_null();
                if !self.fields[column].is_nullable() {
                    missing.get_or_insert(column);
                }
            }
        }
        missing
    }

    /// The first `rows` rows of every column.
    pub(super) fn finish(&mut self, rows: usize) -> Result<Vec<ArrayRef>> {
        self.nodes.iter_mut().map(|node| node.finish(rows)).collect()
    }
}

impl Scanner<'_> {
    /// The names of the members of the object that comes next, which was read before.
    fn member_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let read: Result<(), String> = self.clone().object(0, |scanner, name| {
            names.push(name.to_owned());
            scanner.skip(1)
        });
        debug_assert!(read.is_ok(), "{read:?}");
        names
    }
}
