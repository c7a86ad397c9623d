//! The rows of all tables, one struct each. A row is exactly what both SQL stores keep and what the rules read and write.
//!
//! `table!` writes the struct, its columns and the way from values and back, so that a new column is one line here and one in each
//! migration; the conformance suite compares the two.

mod execution;
mod facts;
mod graph;
mod log;
mod payload;
mod place;
mod policy;
mod run;
mod schedule;

use crate::value::{BadValue, Table, Value};

pub use execution::{Attempt, Execution, Mark};
pub use facts::{Comparison, Fact, Facts, Predicate, Predicates};
pub use graph::{CancelPending, Condition, Edge, Group, Pin, condition_node};
pub use log::Event;
pub use payload::{Input, Progress, RequestKey, ResultRow, Tag};
pub use place::{EngineNode, Lane, Route, WorkerRow};
pub use policy::Policy;
pub use run::Run;
pub use schedule::{Schedule, ScheduleFire};

/// A row of a table.
pub trait Row: Sized + Clone + PartialEq {
    /// What names a row.
    type Key: Clone + Ord;

    /// The table it belongs to.
    const TABLE: &'static Table;

    fn key(&self) -> Self::Key;

    /// The fields in the order of the table's columns.
    fn values(&self) -> Vec<Value>;

    /// The row back from values in the order of the table's columns.
    ///
    /// # Errors
    /// The first column whose value it cannot hold.
    fn read(values: Vec<Value>) -> Result<Self, BadValue>;

    /// The key's values in the order of the table's first columns.
    fn key_values(key: &Self::Key) -> Vec<Value>;

    /// The key back from its values.
    ///
    /// # Errors
    /// The first column whose value it cannot hold.
    fn read_key(values: Vec<Value>) -> Result<Self::Key, BadValue>;
}

macro_rules! table {
    ($(#[$doc:meta])* $Row:ident in $name:literal $([$insert_only:ident])?
        key { $($key:ident: $Key:ty,)+ }
        { $($(#[$field_doc:meta])* $field:ident: $Type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $Row { $(pub $key: $Key,)+ $($(#[$field_doc])* pub $field: $Type,)* }

        #[allow(unused_parens, reason = "a key of one column is no tuple")]
        impl $crate::rows::Row for $Row {
            type Key = ($($Key),+);

            const TABLE: &'static $crate::value::Table = &$crate::value::Table {
                name: $name,
                columns: &[
                    $(crate::rows::column::<$Key>(stringify!($key)),)+
                    $(crate::rows::column::<$Type>(stringify!($field)),)*
                ],
                key: [$(stringify!($key)),+].len(),
                insert_only: [$(stringify!($insert_only),)? ""].len() > 1,
            };

            fn key(&self) -> Self::Key {
                ($(self.$key.clone()),+)
            }

            fn values(&self) -> Vec<$crate::value::Value> {
                vec![
                    $($crate::value::Field::to_value(&self.$key),)+
                    $($crate::value::Field::to_value(&self.$field),)*
                ]
            }

            fn read(values: Vec<$crate::value::Value>) -> Result<Self, $crate::value::BadValue> {
                let mut values = values.into_iter();
                Ok(Self {
                    $($key: crate::rows::take(&mut values, stringify!($key))?,)+
                    $($field: crate::rows::take(&mut values, stringify!($field))?,)*
                })
            }

            fn key_values(key: &Self::Key) -> Vec<$crate::value::Value> {
                let ($($key),+) = key;
                vec![$($crate::value::Field::to_value($key)),+]
            }

            fn read_key(values: Vec<$crate::value::Value>) -> Result<Self::Key, $crate::value::BadValue> {
                let mut values = values.into_iter();
                $(let $key: $Key = crate::rows::take(&mut values, stringify!($key))?;)+
                Ok(($($key),+))
            }
        }
    };
}
pub(crate) use table;

/// A column that holds a `T`.
const fn column<T: crate::value::Field>(name: &'static str) -> crate::value::Column {
    crate::value::Column { name, kind: T::KIND, nullable: T::NULLABLE, words: T::WORDS }
}

fn take<T: crate::value::Field>(values: &mut std::vec::IntoIter<Value>, column: &'static str) -> Result<T, BadValue> {
    let value = values.next().ok_or_else(|| BadValue { column, found: "nothing".to_owned() })?;
    T::from_value(value).map_err(|bad| BadValue { column, found: bad.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ExecutionId;

    #[test]
    fn a_row_comes_back_from_its_values() {
        let mark = Mark { execution_id: ExecutionId(7), run_id: crate::ids::RunId(8), generation: 0, made_ms: 9, seq: 10 };
        assert_eq!(Mark::read(mark.values()), Ok(mark.clone()));
        assert_eq!(Mark::read_key(Mark::key_values(&mark.key())), Ok(ExecutionId(7)));
        let mut damaged = mark.values();
        damaged[2] = Value::Text("two".to_owned());
        assert_eq!(Mark::read(damaged).map_err(|bad| bad.column), Err("generation"));
        assert_eq!(Mark::read(Vec::new()).map_err(|bad| bad.column), Err("execution_id"));
    }
}
