//! What a faulty store makes of the commands that it is given.

use levada_store::rows::Row;
use levada_store::value::{Kind, Value};
use levada_store::{Command, Record, RecordKey, State, apply};

use crate::fault::Fault;

const TEXT_BYTES_KEPT: usize = 255;
const BYTES_KEPT: usize = 64 << 10;

pub fn commands(fault: Fault, mut commands: Vec<Command>, state: &State) -> Vec<Command> {
    match fault {
        Fault::DropsLastCommand => drop(commands.pop()),
        Fault::ReversesCommands => commands.reverse(),
        Fault::CommitsUpToTheViolation | Fault::SaysYesToViolations => return up_to_the_violation(commands, state),
        _ => return commands.into_iter().flat_map(|command| one(fault, command)).collect(),
    }
    commands
}

/// The commands that break no rule, up to the first that does.
fn up_to_the_violation(commands: Vec<Command>, state: &State) -> Vec<Command> {
    let mut state = state.clone();
    commands.into_iter().take_while(|command| apply(&mut state, command).is_ok()).collect()
}

fn one(fault: Fault, command: Command) -> Vec<Command> {
    match (fault, command) {
        (Fault::ForgetsTable(name), Command::Put(record)) if record.table().name == name => Vec::new(),
        (Fault::ForgetsDeletes, Command::Delete(_)) | (Fault::ForgetsDeleteRun, Command::DeleteRun(_)) => Vec::new(),
        (Fault::DeletesOnlyTheRun, Command::DeleteRun(run)) => vec![Command::Delete(RecordKey::Run(run))],
        (Fault::DeletesOnlyTheExecution, Command::DeleteExecution(id)) => vec![Command::Delete(RecordKey::Execution(id))],
        (Fault::DeletesOneEventTooMany, Command::ForgetEvents { before_ms, span_ms }) => {
            vec![Command::ForgetEvents { before_ms: before_ms + 1, span_ms }]
        }
        (Fault::OverwritesInserts, Command::Put(Record::Route(row))) => {
            vec![Command::Delete(RecordKey::Route(row.key())), Command::Put(row.into())]
        }
        (_, Command::Put(record)) => vec![Command::Put(damaged(fault, record))],
        (_, command) => vec![command],
    }
}

/// The row after a careless way through the store's types; as it was if nothing could be stored that way.
fn damaged(fault: Fault, record: Record) -> Record {
    let table = record.table();
    let values = record.values().into_iter().zip(table.columns).map(|(value, column)| match (fault, value) {
        (Fault::CutsText, Value::Text(text)) => Value::Text(text.chars().take(TEXT_BYTES_KEPT).collect()),
        (Fault::CutsBytes, Value::Bytes(bytes)) => Value::Bytes(bytes.into_iter().take(BYTES_KEPT).collect()),
        (Fault::TakesEmptyTextForNull, Value::Text(text)) if text.is_empty() && column.nullable => Value::Null,
        (Fault::TakesNullForZero, Value::Null) if column.kind == Kind::Int => Value::Int(0),
        (Fault::KeepsOnly32Bits, Value::Int(number)) => Value::Int(i64::from(number as i32)),
        (Fault::FoldsCase, Value::Text(text)) => Value::Text(text.to_lowercase()),
        (_, value) => value,
    });
    let values = values.collect();
    Record::read(table.name, values).unwrap_or(record)
}
