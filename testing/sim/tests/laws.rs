//! What must make no difference: how many shards there are, in which order rows come, how they are cut, whether a query reads a view or its
//! text.

use std::collections::BTreeMap;

use levada_model::Bag;
use levada_sim::{Failure, Scenario, SourceKind, Step, contents, scenario};

/// Far from the seeds that are compared with the batch answer.
const FIRST_SEED: u64 = 1_000_000;
const SEEDS: u64 = 60;

type Contents = Vec<BTreeMap<String, Bag>>;

fn contents_of(case: &Scenario, shards: usize, seed: u64) -> Contents {
    contents(case, shards).unwrap_or_else(|failure: Failure| panic!("seed {seed} on {shards} shards fails {failure}\n{case}"))
}

/// Both hold the same after every step of `steps`, but for the last digits of floats.
fn assert_same(left: &Contents, right: &Contents, steps: impl Iterator<Item = usize>, case: &str) {
    for step in steps {
        assert_eq!(left[step].len(), right[step].len(), "{case}: other views after step {step}");
        for (name, rows) in &left[step] {
            if let Some(difference) = rows.difference(&right[step][name]) {
                panic!("{case}: {name} is not the same after step {step}\n{difference}");
            }
        }
    }
}

#[test]
fn s_131_parallelism_is_invisible() {
    for seed in FIRST_SEED..FIRST_SEED + SEEDS {
        let case = scenario(seed);
        let one = contents_of(&case, 1, seed);
        for shards in [2, 4] {
            let several = contents_of(&case, shards, seed);
            assert_same(&one, &several, 0..case.steps.len(), &format!("seed {seed} on {shards} shards"));
        }
    }
}

fn upserts_into(step: &Step) -> Option<&str> {
    match step {
        Step::CreateSource(source) if source.kind == SourceKind::Upserts => Some(&source.name),
        _ => None,
    }
}

#[test]
fn s_133_order_within_an_epoch_is_invisible() {
    for seed in FIRST_SEED..FIRST_SEED + SEEDS {
        let case = scenario(seed);
        let upserts: Vec<&str> = case.steps.iter().filter_map(upserts_into).collect();
        let mut turned = case.clone();
        for step in &mut turned.steps {
            // Of two upserts of one key the later one wins.
            if let Step::Push { source, rows, .. } = step
                && !upserts.contains(&source.as_str())
            {
                rows.reverse();
            }
        }
        let steps = 0..case.steps.len();
        assert_same(
            &contents_of(&case, 2, seed),
            &contents_of(&turned, 2, seed),
            steps,
            &format!("seed {seed}, rows turned round"),
        );
    }
}

#[test]
fn s_134_epoch_cuts_are_invisible() {
    let mut cuts = 0;
    for seed in FIRST_SEED..FIRST_SEED + SEEDS {
        let case = scenario(seed);
        let last = case.steps.len() - 1;
        // A row may be late only because rows before it came in an epoch of their own.
        let closes = |step: &Step| matches!(step, Step::CreateView(view) if view.query.closing.is_some());
        if case.steps.iter().any(closes) {
            continue;
        }
        let mut cut = Scenario { steps: Vec::new() };
        for step in &case.steps {
            match step {
                Step::Push { source, types, rows } => cut.steps.extend(rows.iter().map(|row| Step::Push {
                    source: source.clone(),
                    types: types.clone(),
                    rows: vec![row.clone()],
                })),
                other => cut.steps.push(other.clone()),
            }
        }
        cuts += cut.steps.len() - case.steps.len();
        let (whole, pieces) = (contents_of(&case, 2, seed), contents_of(&cut, 2, seed));
        let ends = (vec![whole[last].clone()], vec![pieces[cut.steps.len() - 1].clone()]);
        assert_same(&ends.0, &ends.1, 0..1, &format!("seed {seed}, row by row"));
    }
    assert!(cuts > 100, "only {cuts} more epochs");
}
