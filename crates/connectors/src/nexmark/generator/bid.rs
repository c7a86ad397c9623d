//! Bids.

use arrow::array::ArrayRef;

use super::texts::{CHANNELS, HOT_CHANNELS};
use super::{FIRST_ID, Generator, HOT_EVERY, ID_LEAD, newest_auction, newest_person, numbers, times};

/// Auctions that are not hot are drawn from so many newest ones.
const AUCTIONS_IN_FLIGHT: u64 = 100;
/// One in so many bids is for an auction that is not hot.
const COLD_AUCTION: u64 = 2;
/// One in so many bids is by a person who is not hot.
const COLD_BIDDER: u64 = 4;
/// Mean bytes of a bid, and those of its four numbers.
const MEAN_BYTES: u64 = 100;
const NUMBERS_BYTES: u64 = 32;

/// Which random number of the event decides what.
mod lane {
    pub(super) const AUCTION_HEAT: u64 = 0;
    pub(super) const AUCTION: u64 = 1;
    pub(super) const BIDDER_HEAT: u64 = 2;
    pub(super) const BIDDER: u64 = 3;
    pub(super) const PRICE: u64 = 4;
    pub(super) const CHANNEL_HEAT: u64 = 5;
    pub(super) const CHANNEL: u64 = 6;
    pub(super) const EXTRA_LENGTH: u64 = 7;
    pub(super) const EXTRA: u64 = 8;
}

impl Generator {
    pub(super) fn bid_column(&self, column: usize, seqs: &[u64]) -> ArrayRef {
        match column {
            0 => numbers(seqs, |seq| seq as i64),
            1 => numbers(seqs, |seq| self.bid_auction(seq) as i64),
            2 => numbers(seqs, |seq| self.bidder(seq) as i64),
            3 => numbers(seqs, |seq| self.price(seq, lane::PRICE)),
            4 => self.texts.column(seqs.iter().map(|seq| self.texts.channel(self.channel(*seq)))),
            5 => self.texts.column(seqs.iter().map(|seq| self.texts.url(self.channel(*seq)))),
            6 => times(seqs, |seq| self.time(seq)),
            7 => self.texts.column(seqs.iter().map(|seq| {
                let length = self.padding(*seq, lane::EXTRA_LENGTH, MEAN_BYTES, NUMBERS_BYTES);
                self.texts.letters(self.draws.bits(*seq, lane::EXTRA), length)
            })),
            _ => unreachable!("bids have no column {column}"),
        }
    }

    fn bid_auction(&self, seq: u64) -> u64 {
        let newest = newest_auction(seq);
        if self.draws.below(seq, lane::AUCTION_HEAT, COLD_AUCTION) > 0 {
            return FIRST_ID + newest / HOT_EVERY * HOT_EVERY;
        }
        let oldest = newest.saturating_sub(AUCTIONS_IN_FLIGHT);
        FIRST_ID + oldest + self.draws.below(seq, lane::AUCTION, newest - oldest + 1 + ID_LEAD)
    }

    fn bidder(&self, seq: u64) -> u64 {
        if self.draws.below(seq, lane::BIDDER_HEAT, COLD_BIDDER) > 0 {
            // The hot bidder is the neighbour of the hot seller.
            return FIRST_ID + newest_person(seq) / HOT_EVERY * HOT_EVERY + 1;
        }
        self.any_person(seq, lane::BIDDER)
    }

    fn channel(&self, seq: u64) -> u64 {
        if self.draws.below(seq, lane::CHANNEL_HEAT, 2) > 0 {
            return CHANNELS + self.draws.below(seq, lane::CHANNEL, HOT_CHANNELS.len() as u64);
        }
        self.draws.below(seq, lane::CHANNEL, CHANNELS)
    }

    /// The length of the text that fills a row of `used` bytes up to `mean` bytes on average, give or take a fifth.
    pub(super) fn padding(&self, seq: u64, lane: u64, mean: u64, used: u64) -> u64 {
        let wanted = mean.saturating_sub(used);
        let delta = (wanted + 2) / 5;
        wanted - delta + self.draws.below(seq, lane, 2 * delta + 1)
    }
}
