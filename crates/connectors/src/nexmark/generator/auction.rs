//! Auctions.

use arrow::array::ArrayRef;

use super::texts::Piece;
use super::{FIRST_ID, Generator, HOT_EVERY, newest_auction, newest_person, numbers, times};

/// One in so many auctions is by a seller who is not hot.
const COLD_SELLER: u64 = 4;
const FIRST_CATEGORY: u64 = 10;
const CATEGORIES: u64 = 5;
/// An auction is open, on average, for as long as so many events take: those in which as many others begin as are in flight.
const OPEN_EVENTS: u64 = 100 * 50 / 3;
const ITEM_NAME_BYTES: u64 = 20;
const DESCRIPTION_BYTES: u64 = 100;
/// Mean bytes of an auction, and those of its six numbers.
const MEAN_BYTES: u64 = 500;
const NUMBERS_BYTES: u64 = 48;
/// No auction is shorter.
const OPEN_US_MIN: i64 = 1_000;

/// Which random number of the event decides what.
mod lane {
    pub(super) const NAME_LENGTH: u64 = 0;
    pub(super) const NAME: u64 = 1;
    pub(super) const DESCRIPTION_LENGTH: u64 = 2;
    pub(super) const DESCRIPTION: u64 = 3;
    pub(super) const INITIAL_BID: u64 = 4;
    pub(super) const RESERVE: u64 = 5;
    pub(super) const OPEN: u64 = 6;
    pub(super) const SELLER_HEAT: u64 = 7;
    pub(super) const SELLER: u64 = 8;
    pub(super) const CATEGORY: u64 = 9;
    pub(super) const EXTRA_LENGTH: u64 = 10;
    pub(super) const EXTRA: u64 = 11;
}

impl Generator {
    pub(super) fn auction_column(&self, column: usize, seqs: &[u64]) -> ArrayRef {
        match column {
            0 => numbers(seqs, |seq| seq as i64),
            1 => numbers(seqs, |seq| (FIRST_ID + newest_auction(seq)) as i64),
            2 => self.texts.column(seqs.iter().map(|seq| self.item_name(*seq))),
            3 => self.texts.column(seqs.iter().map(|seq| self.description(*seq))),
            4 => numbers(seqs, |seq| self.price(seq, lane::INITIAL_BID)),
            5 => numbers(seqs, |seq| self.price(seq, lane::INITIAL_BID) + self.price(seq, lane::RESERVE)),
            6 => times(seqs, |seq| self.time(seq)),
            7 => times(seqs, |seq| self.expires(seq)),
            8 => numbers(seqs, |seq| self.seller(seq) as i64),
            9 => numbers(seqs, |seq| (FIRST_CATEGORY + self.draws.below(seq, lane::CATEGORY, CATEGORIES)) as i64),
            10 => self.texts.column(seqs.iter().map(|seq| {
                let used = NUMBERS_BYTES + self.name_length(*seq) + self.description_length(*seq);
                let length = self.padding(*seq, lane::EXTRA_LENGTH, MEAN_BYTES, used);
                self.texts.letters(self.draws.bits(*seq, lane::EXTRA), length)
            })),
            _ => unreachable!("auctions have no column {column}"),
        }
    }

    fn name_length(&self, seq: u64) -> u64 {
        3 + self.draws.below(seq, lane::NAME_LENGTH, ITEM_NAME_BYTES - 2)
    }

    fn item_name(&self, seq: u64) -> Piece {
        self.texts.words(self.draws.bits(seq, lane::NAME), self.name_length(seq))
    }

    fn description_length(&self, seq: u64) -> u64 {
        3 + self.draws.below(seq, lane::DESCRIPTION_LENGTH, DESCRIPTION_BYTES - 2)
    }

    fn description(&self, seq: u64) -> Piece {
        self.texts.words(self.draws.bits(seq, lane::DESCRIPTION), self.description_length(seq))
    }

    fn expires(&self, seq: u64) -> i64 {
        let mean = (self.time(seq + OPEN_EVENTS) - self.time(seq)).max(1) as u64;
        self.time(seq) + OPEN_US_MIN + self.draws.below(seq, lane::OPEN, 2 * mean) as i64
    }

    fn seller(&self, seq: u64) -> u64 {
        if self.draws.below(seq, lane::SELLER_HEAT, COLD_SELLER) > 0 {
            return FIRST_ID + newest_person(seq) / HOT_EVERY * HOT_EVERY;
        }
        self.any_person(seq, lane::SELLER)
    }
}
