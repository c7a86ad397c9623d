//! Partly shared rows behave as an ordinary map.

use std::collections::BTreeMap;

use super::RowMap;
use crate::conformance::dice::Dice;

type Rows = RowMap<i64, i64>;
type Plain = BTreeMap<i64, i64>;

const KEYS: i64 = 12;

/// Does the same to both, in every way of writing.
fn play(rows: &mut Rows, plain: &mut Plain, dice: &mut Dice) {
    for _ in 0..dice.below(24) {
        let (key, row) = (dice.below(KEYS), dice.below(4));
        match dice.below(4) {
            0 => assert_eq!(rows.insert(key, row), plain.insert(key, row)),
            1 => assert_eq!(rows.remove(&key), plain.remove(&key)),
            2 => assert_eq!(rows.get_mut(&key).map(|old| *old = row), plain.get_mut(&key).map(|old| *old = row)),
            _ => {
                *rows.get_or_insert_with(key, || row) += 1;
                *plain.entry(key).or_insert(row) += 1;
            }
        }
    }
}

fn assert_same(rows: &Rows, plain: &Plain) {
    assert_eq!(rows.iter().collect::<Vec<_>>(), plain.iter().collect::<Vec<_>>());
    assert_eq!((rows.len(), rows.is_empty()), (plain.len(), plain.is_empty()));
    for key in 0..KEYS {
        assert_eq!((rows.get(&key), rows.get_key_value(&key)), (plain.get(&key), plain.get_key_value(&key)));
        assert_eq!(rows.range(key..).collect::<Vec<_>>(), plain.range(key..).collect::<Vec<_>>());
        assert_eq!(rows.last_in(..key), plain.range(..key).next_back());
    }
}

#[test]
fn a_copy_is_a_map_of_its_own() {
    for seed in 0..500 {
        let mut dice = Dice::new(seed);
        let (mut rows, mut plain) = (Rows::default(), Plain::new());
        play(&mut rows, &mut plain, &mut dice);
        let (mut copy, mut plain_copy) = (rows.clone(), plain.clone());
        play(&mut copy, &mut plain_copy, &mut dice);
        assert_same(&rows, &plain);
        assert_same(&copy, &plain_copy);
        drop(rows);
        // Alone again: what was shared and what was changed become one.
        play(&mut copy, &mut plain_copy, &mut dice);
        assert_same(&copy, &plain_copy);
        let _shares = copy.clone();
        copy.retain(|key, _| key % 2 == 0);
        plain_copy.retain(|key, _| key % 2 == 0);
        assert_same(&copy, &plain_copy);
    }
}

#[test]
fn changes_lead_from_one_to_the_other() {
    for seed in 0..500 {
        let mut dice = Dice::new(seed);
        let (mut rows, mut plain) = (Rows::default(), Plain::new());
        play(&mut rows, &mut plain, &mut dice);
        let (mut later, mut plain_later) = (rows.clone(), plain.clone());
        play(&mut later, &mut plain_later, &mut dice);
        if dice.chance(50) {
            later = later.into_iter().collect();
        }
        let wanted: Vec<_> = (0..KEYS).filter(|key| plain.get(key) != plain_later.get(key)).collect();
        let wanted: Vec<_> = wanted.into_iter().map(|key| (key, plain_later.get(&key).copied())).collect();
        let changes: Vec<_> = rows.changes_to(&later).map(|(key, row)| (*key, row.copied())).collect();
        assert_eq!(changes, wanted, "seed {seed}");
        assert_eq!(rows == later, plain == plain_later, "seed {seed}");
    }
}
