//! Cycles: of a whole graph in linear time (Kahn's topological sorting), and of one new edge by what can be reached from it.

use std::collections::{BTreeMap, VecDeque};

use levada_store::ExecutionId;

use super::super::Draft;

/// A cycle among `edges` (upstream, child), in the order of its edges; none if there is no cycle.
pub(super) fn find(edges: &[(ExecutionId, ExecutionId)]) -> Option<Vec<ExecutionId>> {
    let mut nodes: Vec<_> = edges.iter().flat_map(|(upstream, child)| [*upstream, *child]).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let place = |id: &ExecutionId| nodes.binary_search(id).ok();
    let mut children = vec![Vec::new(); nodes.len()];
    let mut upstreams = vec![Vec::new(); nodes.len()];
    for (upstream, child) in edges.iter().filter_map(|(upstream, child)| Some((place(upstream)?, place(child)?))) {
        children[upstream].push(child);
        upstreams[child].push(upstream);
    }
    let left = without_cycle_free(&children, &upstreams);
    let first = left.iter().position(|left| *left)?;
    Some(walk_back(first, &upstreams, &left).into_iter().map(|node| nodes[node]).collect())
}

/// Which nodes are left when those without upstreams are taken away again and again: cycles and what is downstream of them.
fn without_cycle_free(children: &[Vec<usize>], upstreams: &[Vec<usize>]) -> Vec<bool> {
    let mut waits_for: Vec<usize> = upstreams.iter().map(Vec::len).collect();
    let mut free: VecDeque<usize> = (0..waits_for.len()).filter(|node| waits_for[*node] == 0).collect();
    let mut left = vec![true; waits_for.len()];
    while let Some(node) = free.pop_front() {
        left[node] = false;
        for child in &children[node] {
            waits_for[*child] -= 1;
            if waits_for[*child] == 0 {
                free.push_back(*child);
            }
        }
    }
    left
}

/// Every node that is left has an upstream that is left, so going up comes back to a node that was passed.
fn walk_back(first: usize, upstreams: &[Vec<usize>], left: &[bool]) -> Vec<usize> {
    let mut passed = BTreeMap::new();
    let mut path = Vec::new();
    let mut node = first;
    while !passed.contains_key(&node) {
        passed.insert(node, path.len());
        path.push(node);
        match upstreams[node].iter().find(|upstream| left[**upstream]) {
            Some(upstream) => node = *upstream,
            None => return Vec::new(),
        }
    }
    let mut cycle = path.split_off(passed[&node]);
    cycle.reverse();
    cycle
}

impl Draft<'_> {
    /// The shortest way from an execution down to another along the edges of the slice, both included.
    pub(super) fn path(&self, from: ExecutionId, to: ExecutionId) -> Option<Vec<ExecutionId>> {
        let mut came_from = BTreeMap::from([(from, from)]);
        let mut waiting = VecDeque::from([from]);
        while let Some(node) = waiting.pop_front() {
            if node == to {
                return Some(way_back(&came_from, from, to));
            }
            for (_, child, _) in self.edges_from(node) {
                came_from.entry(child).or_insert_with(|| {
                    waiting.push_back(child);
                    node
                });
            }
        }
        None
    }
}

fn way_back(came_from: &BTreeMap<ExecutionId, ExecutionId>, from: ExecutionId, to: ExecutionId) -> Vec<ExecutionId> {
    let mut path = vec![to];
    let mut node = to;
    while node != from {
        node = came_from[&node];
        path.push(node);
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(n: u128) -> Vec<(ExecutionId, ExecutionId)> {
        (0..n).map(|i| (ExecutionId(i), ExecutionId((i + 1) % n))).collect()
    }

    #[test]
    fn t_023_cycles_of_every_length_are_found_whole() {
        for n in [2, 3, 17, 1_000, 50_000] {
            let mut edges = ring(n);
            // A tail into the cycle and one out of it belong to no cycle.
            edges.push((ExecutionId(n), ExecutionId(0)));
            edges.push((ExecutionId(1), ExecutionId(n + 1)));
            let cycle = find(&edges).expect("there is a cycle");
            assert_eq!(cycle.len() as u128, n);
            let mut pairs: Vec<_> = cycle.iter().copied().zip(cycle.iter().copied().cycle().skip(1)).collect();
            pairs.sort_unstable();
            let mut expected = ring(n);
            expected.sort_unstable();
            assert_eq!(pairs, expected, "its edges are edges of the graph");
        }
    }

    #[test]
    fn t_023_a_graph_without_a_cycle_has_none() {
        let edges: Vec<_> = (0..49_999).map(|i| (ExecutionId(i), ExecutionId(i + 1))).collect();
        assert_eq!(find(&edges), None);
        assert_eq!(find(&[]), None);
    }
}
