//! Short ordered lists by partition, each of bounded length.

/// Lists of at most this length lie in one allocation for all partitions; longer ones are mostly not full and have their own.
const FLAT_LENGTH_MAX: usize = 16;

/// A row that is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// Decides the order where it differs.
    pub(super) prefix: u64,
    /// The slot of the stored row; a row of the batch at hand if `is_new`.
    pub(super) row: u32,
    pub(super) is_new: bool,
}

/// Entries by partition.
#[derive(Debug)]
pub(super) enum BoundedLists {
    Flat { bound: usize, lengths: Vec<u8>, entries: Vec<Entry> },
    Apart { bound: usize, lists: Vec<Vec<Entry>> },
}

impl BoundedLists {
    /// Lists of at most `bound` entries, which is at least 1.
    pub(super) fn new(bound: usize) -> Self {
        if bound <= FLAT_LENGTH_MAX {
            Self::Flat { bound, lengths: Vec::new(), entries: Vec::new() }
        } else {
            Self::Apart { bound, lists: Vec::new() }
        }
    }

    /// Makes room for partitions below `partitions`.
    pub(super) fn grow(&mut self, partitions: usize) {
        match self {
            Self::Flat { bound, lengths, entries } if partitions > lengths.len() => {
                lengths.resize(partitions, 0);
                entries.resize(partitions * *bound, Entry::default());
            }
            Self::Apart { lists, .. } if partitions > lists.len() => lists.resize_with(partitions, Vec::new),
            Self::Flat { .. } | Self::Apart { .. } => {}
        }
    }

    #[inline]
    pub(super) fn get(&self, partition: u32) -> &[Entry] {
        let at = partition as usize;
        match self {
            Self::Flat { bound, lengths, entries } => &entries[at * bound..][..usize::from(lengths[at])],
            Self::Apart { lists, .. } => &lists[at],
        }
    }

    pub(super) fn get_mut(&mut self, partition: u32) -> &mut [Entry] {
        let at = partition as usize;
        match self {
            Self::Flat { bound, lengths, entries } => &mut entries[at * *bound..][..usize::from(lengths[at])],
            Self::Apart { lists, .. } => &mut lists[at],
        }
    }

    /// The last entry of a list that is full.
    #[inline]
    pub(super) fn last_of_full(&self, partition: u32) -> Option<Entry> {
        let (Self::Flat { bound, .. } | Self::Apart { bound, .. }) = self;
        self.get(partition).get(bound - 1).copied()
    }

    /// Puts an entry at place `at` of a list; gives the one that has no room any more.
    pub(super) fn insert(&mut self, partition: u32, at: usize, entry: Entry) -> Option<Entry> {
        let evicted = self.last_of_full(partition);
        match self {
            Self::Flat { bound, lengths, entries } => {
                let length = &mut lengths[partition as usize];
                *length = (*length + 1).min(*bound as u8);
                let list = &mut entries[partition as usize * *bound..][..usize::from(*length)];
                list.copy_within(at..list.len() - 1, at + 1);
                list[at] = entry;
            }
            Self::Apart { bound, lists } => {
                let list = &mut lists[partition as usize];
                list.truncate(*bound - 1);
                list.insert(at, entry);
            }
        }
        evicted
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Flat { lengths, entries, .. } => lengths.capacity() + entries.capacity() * size_of::<Entry>(),
            Self::Apart { lists, .. } => {
                lists.iter().map(|list| size_of::<Vec<Entry>>() + list.capacity() * size_of::<Entry>()).sum()
            }
        }
    }
}
