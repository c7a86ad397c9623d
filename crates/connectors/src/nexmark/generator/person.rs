//! Persons.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewArray};

use super::{FIRST_ID, Generator, newest_person, numbers, times};

const FIRST_NAMES: [&str; 11] =
    ["Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"];
const LAST_NAMES: [&str; 9] = ["Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"];
const STATES: [&str; 6] = ["AZ", "CA", "ID", "OR", "WA", "WY"];
const CITIES: [&str; 10] =
    ["Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne"];
/// Mean bytes of a person, and those of the id, the credit card and the time.
const MEAN_BYTES: u64 = 200;
const FIXED_BYTES: u64 = 35;

/// Which random number of the event decides what.
mod lane {
    pub(super) const FIRST_NAME: u64 = 0;
    pub(super) const LAST_NAME: u64 = 1;
    pub(super) const MAIL_NAME: u64 = 2;
    pub(super) const MAIL_HOST: u64 = 3;
    pub(super) const CREDIT_CARD: u64 = 4;
    pub(super) const CITY: u64 = 5;
    pub(super) const STATE: u64 = 6;
    pub(super) const EXTRA_LENGTH: u64 = 7;
    pub(super) const EXTRA: u64 = 8;
}

impl Generator {
    pub(super) fn person_column(&self, column: usize, seqs: &[u64]) -> ArrayRef {
        match column {
            0 => numbers(seqs, |seq| seq as i64),
            1 => numbers(seqs, |seq| (FIRST_ID + newest_person(seq)) as i64),
            2 => texts(seqs, |seq| self.name(seq)),
            3 => texts(seqs, |seq| self.email(seq)),
            4 => texts(seqs, |seq| self.credit_card(seq)),
            5 => texts(seqs, |seq| self.one_of(&CITIES, seq, lane::CITY)),
            6 => texts(seqs, |seq| self.one_of(&STATES, seq, lane::STATE)),
            7 => times(seqs, |seq| self.time(seq)),
            8 => self.texts.column(seqs.iter().map(|seq| {
                let city = self.one_of(&CITIES, *seq, lane::CITY);
                let used = FIXED_BYTES + (self.name(*seq).len() + self.email(*seq).len() + city.len()) as u64;
                let length = self.padding(*seq, lane::EXTRA_LENGTH, MEAN_BYTES, used);
                self.texts.letters(self.draws.bits(*seq, lane::EXTRA), length)
            })),
            _ => unreachable!("persons have no column {column}"),
        }
    }

    fn one_of(&self, words: &[&'static str], seq: u64, lane: u64) -> &'static str {
        words[self.draws.below(seq, lane, words.len() as u64) as usize]
    }

    fn name(&self, seq: u64) -> String {
        format!("{} {}", self.one_of(&FIRST_NAMES, seq, lane::FIRST_NAME), self.one_of(&LAST_NAMES, seq, lane::LAST_NAME))
    }

    fn email(&self, seq: u64) -> String {
        let part = |lane, length| self.texts.text(self.texts.letters(self.draws.bits(seq, lane), length));
        format!("{}@{}.com", part(lane::MAIL_NAME, 7), part(lane::MAIL_HOST, 5))
    }

    fn credit_card(&self, seq: u64) -> String {
        let bits = self.draws.bits(seq, lane::CREDIT_CARD);
        let group = |at: u64| (bits >> (16 * at) & 0xffff) % 10_000;
        format!("{:04} {:04} {:04} {:04}", group(0), group(1), group(2), group(3))
    }
}

fn texts<T: AsRef<str>>(seqs: &[u64], of: impl Fn(u64) -> T) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values(seqs.iter().map(|seq| of(*seq))))
}
