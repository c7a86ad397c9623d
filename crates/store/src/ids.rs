//! Ids: 128 bits, printed like a UUID, ordered by the time at which the engine made them (the layout of RFC 9562, version 7).
//!
//! A caller may bring ids of its own; nothing is read out of an id, and no id says where its row lives.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! id {
    ($(#[$doc:meta])* $Id:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $Id(pub u128);

        impl $Id {
            /// An id for `now_ms` (UTC) with 74 of the given random bits.
            #[must_use]
            pub fn new(now_ms: i64, random: [u64; 2]) -> Self {
                Self(version_7(now_ms, random))
            }
        }

        impl fmt::Display for $Id {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&uuid::Uuid::from_u128(self.0), out)
            }
        }

        impl fmt::Debug for $Id {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, out)
            }
        }

        impl FromStr for $Id {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                uuid::Uuid::parse_str(text).map(|id| Self(id.as_u128()))
            }
        }

        impl Serialize for $Id {
            fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $Id {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(input)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// One unit of durable work; also names the edge group of that execution, of which there is at most one.
    ExecutionId
);
id!(
    /// One instance of a graph of executions.
    RunId
);
id!(
    /// A schedule.
    ScheduleId
);
id!(
    /// A caller's mark on a claim, a lease or a node: something to recognise a repetition by.
    Token
);

/// The bits of a version 7 UUID.
fn version_7(now_ms: i64, random: [u64; 2]) -> u128 {
    const TIME_BITS: u128 = (1 << 48) - 1;
    let time = (u128::from(now_ms.max(0).unsigned_abs()) & TIME_BITS) << 80;
    let chance = (u128::from(random[0]) << 64) | u128::from(random[1]);
    let below_version = ((chance >> 64) & 0xfff) << 64;
    let below_variant = chance & ((1 << 62) - 1);
    time | (0x7 << 76) | below_version | (0b10 << 62) | below_variant
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ordered_by_time_and_printed_back() {
        let early = ExecutionId::new(1_000, [u64::MAX, u64::MAX]);
        let late = ExecutionId::new(1_001, [0, 0]);
        assert!(early < late);
        assert_eq!(early.to_string().parse::<ExecutionId>(), Ok(early));
        assert_eq!(uuid::Uuid::from_u128(late.0).get_version_num(), 7);
        assert!("no id".parse::<RunId>().is_err());
    }
}
