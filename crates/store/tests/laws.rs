//! Laws of rows and commands, on random states: what is written is read, and the way from one state to another leads there.

use levada_store::conformance::{mutated, random};
use levada_store::rows::Event;
use levada_store::value::{Kind, Value};
use levada_store::{Command, Moment, Record, Scope, State, TABLES, Tables, apply, canonical, cut};

const NOW_MS: i64 = 1_767_225_600_000;
const SEEDS: std::ops::Range<u64> = 100..124;

/// Applies all commands, with every run locked.
fn applied(mut state: State, commands: &[Command]) -> State {
    state.locked_runs = state.runs.keys().copied().collect();
    for command in commands {
        apply(&mut state, command).expect("a random state obeys the rules");
    }
    state
}

/// The state with events under numbers that no other state used: what was written once is not written otherwise.
fn later_events(mut state: State) -> State {
    let events = std::mem::take(&mut state.events).into_values().map(|event| Event { id: event.id + 10_000, ..event });
    state.events = events.map(|event| (event.id, event)).collect();
    state
}

fn rows(state: &State) -> Vec<Record> {
    state.records().collect()
}

#[test]
fn t_100_random_states_obey_the_rules_and_use_every_table() {
    for seed in SEEDS {
        let state = random::state(seed, NOW_MS);
        let puts: Vec<_> = state.records().map(Command::Put).collect();
        assert_eq!(rows(&applied(State::default(), &puts)), rows(&state));
        for table in TABLES {
            assert!(state.records().any(|record| record.table() == *table), "no row of {}", table.name);
        }
    }
}

#[test]
fn commands_lead_from_a_state_to_a_later_one() {
    for (seed, other) in SEEDS.zip(1_000..) {
        let state = random::state(seed, NOW_MS);
        for later in [mutated(&state, other), later_events(random::state(other, NOW_MS)), State::default()] {
            let reached = applied(state.clone(), &state.commands_to(&later));
            assert_eq!(rows(&reached), rows(&later));
            assert_eq!(reached.commands_to(&later), vec![]);
        }
    }
}

#[test]
fn p_4_commands_come_back_from_their_text() {
    for seed in SEEDS.take(4) {
        let state = random::state(seed, NOW_MS);
        let puts = state.records().map(Command::Put);
        for command in puts.chain(state.commands_to(&State::default())) {
            let text = serde_json::to_string(&command).expect("text of a command");
            let read: Command = serde_json::from_str(&text).expect("a command of its text");
            assert_eq!(&read, &command);
            assert_eq!(serde_json::to_string(&read).expect("text again"), text);
        }
    }
}

#[test]
fn rows_come_back_from_their_values() {
    for seed in SEEDS {
        for record in random::state(seed, NOW_MS).records() {
            let (table, values) = (record.table(), record.values());
            assert_eq!(values.len(), table.columns.len());
            for (value, column) in values.iter().zip(table.columns) {
                let fits = match (value, column.kind) {
                    (Value::Null, _) => column.nullable,
                    (Value::Int(number), Kind::Small) => i16::try_from(*number).is_ok(),
                    (Value::Int(_), Kind::Int) | (Value::Id(_), Kind::Id) | (Value::Text(_), Kind::Text) => true,
                    (Value::Bytes(_), Kind::Bytes) => true,
                    _ => false,
                };
                assert!(fits, "{}.{} holds {value:?}", table.name, column.name);
            }
            assert_eq!(Record::read(table.name, values), Ok(record));
        }
    }
}

/// V-7: a damaged column is found and named, whichever it is.
#[test]
fn v_7_an_integer_outside_its_alphabet_is_refused() {
    for seed in SEEDS {
        for record in random::state(seed, NOW_MS).records() {
            let table = record.table();
            for (at, column) in table.columns.iter().enumerate().filter(|(_, column)| column.kind == Kind::Small) {
                for damage in [Value::Int(64), Value::Int(-1), Value::Text("staged".to_owned())] {
                    let mut values = record.values();
                    values[at] = damage;
                    let bad = Record::read(table.name, values).expect_err("damage");
                    assert_eq!(bad.column, column.name);
                }
            }
        }
    }
}

/// The numbers of two stores may differ by gaps; what they stand for does not.
#[test]
fn canonical_states_forget_gaps_but_keep_the_order() {
    for (seed, gap) in SEEDS.zip(2..) {
        let state = random::state(seed, NOW_MS);
        let mut spread = state.clone();
        spread.executions.values_mut().for_each(|row| row.seq = row.seq * gap + 5);
        spread.events =
            state.events.values().map(|row| (row.id * gap + 5, Event { id: row.id * gap + 5, ..row.clone() })).collect();
        let once = canonical(spread);
        assert_eq!(rows(&once), rows(&canonical(state)));
        assert_eq!(canonical(once.clone()), once);
    }
}

/// A slice is part of the whole, and cutting it again from itself adds nothing.
#[test]
fn slices_are_parts() {
    for seed in SEEDS {
        let state = random::state(seed, NOW_MS);
        let whole = Tables::from_state(state.clone());
        let moment = Moment { now_ms: NOW_MS, seq: state.seq, inline_run_max: 4 };
        for run in state.runs.keys() {
            let slice = cut(&whole, &Scope::WholeRun(*run), moment);
            let again = cut(&Tables::from_state(slice.clone()), &Scope::WholeRun(*run), moment);
            assert_eq!(rows(&again), rows(&slice));
            assert!(slice.executions.keys().all(|id| state.executions.contains_key(id)));
        }
    }
}
