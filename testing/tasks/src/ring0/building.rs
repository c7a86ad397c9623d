//! Runs that are built step by step or extended, wrong steps included.

use levada_store::{ExecutionId, RunId};
use levada_tasks::rules;
use levada_tasks::spec::{Fragment, GraphEdge, GraphNode, NewCondition, NewEdge, NewRun, Upstream};

use super::act::Act;
use super::dice::Dice;
use super::graphs;
use super::play::{Play, Wrong};
use super::step::{Step, Verb};

/// Built runs have their ids above those of submitted ones.
const BUILT: u128 = 1 << 64;
/// Runs that one history builds at most.
const BUILT_MAX: u128 = 3;

impl Play {
    /// Creates a run, its members and its edges, one call each.
    pub(super) fn build(&mut self, step: &Step) -> Result<(), Wrong> {
        let built = self.model.runs.keys().filter(|run| run.0 >= BUILT).count() as u128;
        if built == BUILT_MAX {
            return Ok(());
        }
        let mut dice = Dice::new(u64::from(step.b));
        let run = RunId(BUILT + built);
        let graph = graphs::random(&mut dice, self.engine.now_ms(), 5);
        let new = NewRun { name: "built".to_owned(), options: graph.options.clone(), ..NewRun::default() };
        self.act(Act::CreateRun(run, Box::new(new)))?;
        let mut ids = Vec::new();
        for (at, node) in graph.nodes.iter().enumerate() {
            let id = ExecutionId((run.0 << 8) | ((at as u128 * 5) % 7));
            let mut new = node.execution.clone();
            new.staged = new.finalizer || !dice.one_in(4);
            self.act(Act::Create(id, Box::new(new)))?;
            self.act(Act::Add(run, id))?;
            if let Some(policy) = node.group {
                self.act(Act::Policy(run, id, policy))?;
            }
            ids.push((node.execution.name.clone(), id));
        }
        for edge in &graph.edges {
            let new = new_edge(edge, &ids);
            self.act(Act::Stage(run, self.revision(run), Box::new(new.clone())))?;
            if dice.one_in(3) {
                self.act(Act::Apply(run, new.upstream, new.child))?;
            }
        }
        if dice.one_in(2) { self.act(Act::Seal(run, self.revision(run))) } else { Ok(()) }
    }

    fn revision(&self, run: RunId) -> i64 {
        self.model.runs.get(&run).map_or(0, |header| header.revision)
    }

    /// The revision, or now and then an older one.
    fn expected(&self, run: RunId, step: &Step) -> i64 {
        self.revision(run) - i64::from(step.b.is_multiple_of(8))
    }

    /// A step of building; mostly on a run that is being built.
    pub(super) fn building_act(&self, step: &Step) -> Option<Act> {
        let building: Vec<_> = self.model.runs.values().filter(|run| !run.sealed).map(|run| run.id).collect();
        let run = match building.get(step.first(building.len())) {
            Some(run) if !step.b.is_multiple_of(6) => *run,
            _ => self.any_run(step)?,
        };
        let mut dice = Dice::new(u64::from(step.b));
        Some(match step.verb {
            Verb::Add => Act::Add(run, self.any_execution(step)?),
            Verb::Seal => Act::Seal(run, self.expected(run, step)),
            Verb::Apply => {
                let edges = &self.model.runs[&run].edges;
                let edge = edges.get(step.second(edges.len()))?;
                let upstream = edge.condition.clone().map_or(Upstream::Execution(edge.from), Upstream::Condition);
                Act::Apply(run, upstream, edge.to)
            }
            Verb::Policy => Act::Policy(run, self.some_member(run, &mut dice)?, graphs::group(&mut dice, 3)),
            Verb::Stage => Act::Stage(run, self.expected(run, step), Box::new(self.some_edge(run, &mut dice)?)),
            _ => return None,
        })
    }

    /// A member, or now and then anything.
    fn some_member(&self, run: RunId, dice: &mut Dice) -> Option<ExecutionId> {
        let members: Vec<_> = self.model.members(run).map(|row| row.id).collect();
        if members.is_empty() || dice.one_in(10) {
            return self.model.executions.keys().nth(dice.up_to(self.model.executions.len())).copied();
        }
        Some(dice.pick(&members))
    }

    fn some_edge(&self, run: RunId, dice: &mut Dice) -> Option<NewEdge> {
        if dice.one_in(6) && !self.model.runs[&run].edges.is_empty() {
            return Some(self.edge_again(run, dice));
        }
        let child = self.some_member(run, dice)?;
        let asked = graphs::edge(dice, "", 0, 0);
        let mut new = NewEdge {
            satisfied_by: asked.satisfied_by,
            predicates: asked.predicates,
            input: asked.input,
            ..NewEdge::success(self.some_member(run, dice)?, child)
        };
        if dice.one_in(4) {
            let expires_ms = dice.one_in(3).then(|| self.engine.now_ms() + 2_000);
            new.upstream = Upstream::Condition(format!("fact{}", dice.up_to(2)));
            new.satisfied_by = levada_store::alphabets::EdgeWhen::Success;
            new.condition = NewCondition { expires_ms, ..NewCondition::default() };
        }
        Some(new)
    }

    /// One that is there, as it is or with other content.
    fn edge_again(&self, run: RunId, dice: &mut Dice) -> NewEdge {
        let there = dice.pick(&self.model.runs[&run].edges);
        let upstream = there.condition.map_or(Upstream::Execution(there.from), Upstream::Condition);
        let input = if dice.one_in(3) { Some("other".to_owned()) } else { there.asked.input };
        NewEdge {
            upstream,
            child: there.to,
            satisfied_by: there.asked.satisfied_by,
            predicates: there.asked.predicates,
            input,
            condition: NewCondition::default(),
        }
    }

    /// New members of a run, and edges into them.
    pub(super) fn extension(&self, run: RunId, step: &Step) -> rules::ExtendRun {
        let mut dice = Dice::new(u64::from(step.b));
        let members: Vec<_> = self.model.members(run).map(|row| row.name.clone()).filter(|name| !name.is_empty()).collect();
        let first = 100 + dice.up_to(40) * 3;
        let mut fragment = Fragment { key: format!("part{}", step.second(5)), ..Fragment::default() };
        let mut names = Vec::new();
        for node in first..=first + dice.up_to(3) {
            let mut execution = graphs::execution(&mut dice, self.engine.now_ms(), true);
            execution.name = format!("n{node}");
            execution.finalizer = dice.one_in(12);
            let fan_in = dice.up_to(3);
            for _ in 0..fan_in {
                let from = if names.is_empty() || !dice.one_in(3) { &members } else { &names };
                let from = if from.is_empty() { "nobody".to_owned() } else { dice.pick(from) };
                // Now and then into a member, or the other way round.
                let into = if dice.one_in(25) { dice.up_to(3) } else { node };
                fragment.edges.push(graphs::edge(&mut dice, &from, into, fragment.edges.len()));
            }
            if dice.one_in(6) {
                let edge = graphs::edge(&mut dice, "fact0", node, fragment.edges.len());
                let satisfied_by = levada_store::alphabets::EdgeWhen::Success;
                fragment.edges.push(GraphEdge { is_condition: true, satisfied_by, ..edge });
            }
            let group = (!dice.one_in(3)).then(|| graphs::group(&mut dice, fan_in.max(1)));
            names.push(execution.name.clone());
            fragment.nodes.push(GraphNode { execution, group });
        }
        let ids = (0..fragment.nodes.len() as u128).map(|at| ExecutionId((run.0 << 40) | (first as u128) << 8 | at)).collect();
        let fence = dice.one_in(4).then(|| self.handles.get(step.first(self.handles.len())).copied()).flatten();
        rules::ExtendRun { run, expected: self.expected(run, step), ids, fragment, fence }
    }
}

fn new_edge(edge: &GraphEdge, ids: &[(String, ExecutionId)]) -> NewEdge {
    let id = |name: &str| ids.iter().find(|(known, _)| known == name).map_or(ExecutionId(0), |(_, id)| *id);
    let upstream = if edge.is_condition { Upstream::Condition(edge.from.clone()) } else { Upstream::Execution(id(&edge.from)) };
    NewEdge {
        upstream,
        child: id(&edge.to),
        satisfied_by: edge.satisfied_by,
        predicates: edge.predicates.clone(),
        input: edge.input.clone(),
        condition: edge.condition,
    }
}
