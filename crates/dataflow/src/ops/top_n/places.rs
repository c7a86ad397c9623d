//! Which rows of an ordered partition are in the output, and under which numbers.

/// A row in the output, or a change of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Of the stored row.
    pub(super) slot: u32,
    /// From 1; 0 where rows are not numbered.
    pub(super) number: u64,
    /// How many equal rows, or the change of that.
    pub(super) weight: i64,
}

/// The rows number `skip + 1` to `end`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub(super) skip: u64,
    pub(super) end: u64,
    pub(super) numbered: bool,
}

impl Cut {
    pub(super) fn new(skip: u64, limit: u64, numbered: bool) -> Self {
        Self { skip, end: skip.saturating_add(limit), numbered }
    }

    /// Replaces `places` by those of a partition's rows, which come in order with their weights; a row of weight k takes k places,
    /// one of no weight none. A row may come in parts. Gives the row that reaches the end, if the rows reach it.
    pub(super) fn places(&self, rows: impl Iterator<Item = (u32, i64)>, places: &mut Vec<Place>) -> Option<u32> {
        places.clear();
        let mut passed: u64 = 0;
        for (slot, weight) in rows {
            if passed >= self.end {
                return None;
            }
            let (first, last) = (passed.max(self.skip), passed.saturating_add(weight.max(0).unsigned_abs()).min(self.end));
            if first < last && self.numbered {
                places.extend((first..last).map(|number| Place { slot, number: number + 1, weight: 1 }));
            } else if first < last {
                let weight = (last - first) as i64;
                match places.last_mut() {
                    Some(place) if place.slot == slot => place.weight += weight,
                    _ => places.push(Place { slot, number: 0, weight }),
                }
            }
            passed = passed.max(last);
            if passed >= self.end {
                return Some(slot);
            }
        }
        None
    }
}

/// Appends to `changes` what leads from `before` to `now`; some of it may be of weight 0.
pub(super) fn difference(before: &[Place], now: &[Place], changes: &mut Vec<Place>) {
    let same = before.iter().zip(now).take_while(|(before, now)| before == now).count();
    let first = changes.len();
    changes.extend(before[same..].iter().map(|place| Place { weight: -place.weight, ..*place }));
    changes.extend_from_slice(&now[same..]);
    changes[first..].sort_unstable_by_key(|place| (place.slot, place.number));
    let mut kept = first;
    for at in first..changes.len() {
        let place = changes[at];
        match changes[first..kept].last_mut() {
            Some(last) if (last.slot, last.number) == (place.slot, place.number) => last.weight += place.weight,
            _ => {
                changes[kept] = place;
                kept += 1;
            }
        }
    }
    changes.truncate(kept);
}

#[cfg(test)]
mod tests {
    use super::{Cut, Place, difference};

    fn place(slot: u32, weight: i64) -> Place {
        Place { slot, number: 0, weight }
    }

    #[test]
    fn a_row_takes_as_many_places_as_it_weighs() {
        let mut places = Vec::new();
        let rows = [(7, 2), (8, 0), (9, -3), (5, 4), (6, 1)];
        assert_eq!(Cut::new(1, 3, false).places(rows.into_iter(), &mut places), Some(5));
        assert_eq!(places, [place(7, 1), place(5, 2)]);
        assert_eq!(Cut::new(1, 100, false).places(rows.into_iter(), &mut places), None, "the end is not reached");
        assert_eq!(places, [place(7, 1), place(5, 4), place(6, 1)]);
    }

    #[test]
    fn a_difference_leads_from_one_to_the_other() {
        let mut changes = vec![place(0, 1)];
        difference(&[place(1, 1), place(2, 2), place(3, 1)], &[place(1, 1), place(4, 1), place(2, 5)], &mut changes);
        assert_eq!(changes, [place(0, 1), place(2, 3), place(3, -1), place(4, 1)]);
    }
}
