//! Every table keeps what is put into it, changes it or not as the table says, and lets it go.

use super::build::scope_of;
use crate::conformance::compare::ensure;
use crate::conformance::random;
use crate::conformance::stage::{Stage, nothing};
use crate::conformance::variants::{changed, variants};
use crate::conformance::{Dice, Factory, Suite, Verdict};
use crate::state::{Command, Record, State, TABLES};
use crate::store::Store;

pub(super) fn add<F: Factory>(suite: &mut Suite<F>) {
    for table in TABLES.iter().map(|table| table.name) {
        suite.add(format!("tables/{table}/words"), move |stage| holds_every_word(stage, table));
        suite.add(format!("tables/{table}/change"), move |stage| changes(stage, table));
        suite.add(format!("tables/{table}/delete"), move |stage| deletes(stage, table));
    }
    for seed in super::SEEDS {
        suite.add(format!("tables/all/{seed}"), move |stage| loads(stage, seed));
    }
}

async fn loads<S: Store>(mut stage: Stage<S>, seed: u64) -> Verdict {
    stage.load(random::state(seed, stage.now_ms())).await?;
    stage.same_as_model("a random state").await
}

fn of_table<'a>(state: &'a State, table: &'a str) -> impl Iterator<Item = Record> + 'a {
    state.records().filter(move |record| record.table().name == table)
}

/// Every word of every alphabet, nulls, long text, large numbers: what was put is what is there.
async fn holds_every_word<S: Store>(mut stage: Stage<S>, table: &str) -> Verdict {
    let mut dice = Dice::new(5);
    let state = random::state(5, stage.now_ms());
    let all = of_table(&state, table).take(2).flat_map(|record| variants(&record, &mut dice)).collect::<Vec<_>>();
    ensure(!all.is_empty(), || format!("no random state has a row of {table}"))?;
    let mut rows = State::default();
    for (number, mut record) in (0..).zip(all) {
        match &mut record {
            Record::Execution(row) => row.seq = number,
            Record::Event(row) => row.id = number,
            _ => {}
        }
        rows.put(record);
    }
    stage.load(rows).await?;
    stage.same_as_model("all words").await
}

/// A row put again is changed, unless its table only takes new ones.
async fn changes<S: Store>(mut stage: Stage<S>, table: &str) -> Verdict {
    let mut dice = Dice::new(6);
    stage.load(random::state(6, stage.now_ms())).await?;
    let rows: Vec<_> = of_table(&stage.model, table).collect();
    let puts: Vec<_> = rows.iter().map(|row| Command::Put(changed(row, dice.pick(&rows)))).collect();
    stage.commit(scope_of(&stage.model, &puts), puts.clone()).await?;
    stage.same_as_model("after a change").await?;
    // The same again has no further effect.
    stage.commit(scope_of(&stage.model, &puts), puts).await?;
    stage.same_as_model("after the same change").await
}

/// Half of the rows go, the other half stays; deleting one that is not there is nothing.
async fn deletes<S: Store>(mut stage: Stage<S>, table: &str) -> Verdict {
    stage.load(random::state(7, stage.now_ms())).await?;
    let mut half = State::default();
    let mut number = 0;
    for record in stage.model.records() {
        number += i32::from(record.table().name == table);
        if record.table().name != table || number % 2 == 0 {
            half.put(record);
        }
    }
    let deletes = stage.model.commands_to(&half);
    ensure(!deletes.is_empty(), || format!("no random state has a row of {table}"))?;
    stage.commit(nothing(), deletes.clone()).await?;
    stage.same_as_model("after deletes").await?;
    stage.commit(nothing(), deletes).await?;
    stage.same_as_model("after the same deletes").await
}
