//! Acts for people.

use std::fmt;

use levada_tasks::spec::Handle;

use super::act::Act;

/// Short: what can be left out is left out.
impl fmt::Debug for Act {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = |handles: &mut dyn Iterator<Item = &Handle>| {
            handles.map(|handle| format!("{:x}@{}", handle.execution.0, handle.fence)).collect::<Vec<_>>().join(" ")
        };
        match self {
            Self::Wait(ms) => write!(out, "Wait {ms}"),
            Self::Submit(index) => write!(out, "Submit {index}"),
            Self::Create(id, new) => write!(out, "Create {:x} {:?}", id.0, new.policy),
            Self::Claim(rule) => {
                let of = &rule.request;
                write!(out, "Claim {} {:?} {:?} {} for {} ms", of.limit, of.lanes, of.capabilities, of.instance, of.ttl_ms)
            }
            Self::Renew(items) => write!(out, "Renew {}", held(&mut items.iter().map(|item| &item.handle))),
            Self::Complete(items, next) => {
                let facts: Vec<_> = items.iter().flat_map(|item| item.facts.0.values()).collect();
                write!(out, "Complete {} {facts:?}", held(&mut items.iter().map(|item| &item.handle)))?;
                if next.is_some() { write!(out, " and claim") } else { Ok(()) }
            }
            Self::Fail(items, next) => {
                let classes: Vec<_> = items.iter().map(|(item, _)| item.failure.class).collect();
                write!(out, "Fail {} {classes:?}", held(&mut items.iter().map(|(item, _)| &item.handle)))?;
                if next.is_some() { write!(out, " and claim") } else { Ok(()) }
            }
            Self::Skip(items) => write!(out, "Skip {}", held(&mut items.iter().map(|item| &item.handle))),
            Self::Delay(items) => {
                let until: Vec<_> = items.iter().map(|item| item.until_ms).collect();
                write!(out, "Delay {} {until:?}", held(&mut items.iter().map(|item| &item.handle)))
            }
            Self::CancelExecution(id) => write!(out, "CancelExecution {:x}", id.0),
            Self::Revoke(id, by) => write!(out, "Revoke {:x} {}", id.0, held(&mut by.iter())),
            Self::CancelRun(rule) => {
                write!(out, "CancelRun {:x} {} finalizers {}", rule.run.0, rule.policy, rule.include_finalizers)
            }
            Self::Backlog(run) => write!(out, "Backlog {:x}", run.0),
            Self::Settle(run) => write!(out, "Settle {:x}", run.0),
            Self::Dispatch(id) => write!(out, "Dispatch {:x}", id.0),
            Self::Reconcile(id) => write!(out, "Reconcile {:x}", id.0),
            Self::Sweep(rule) => write!(out, "Sweep {:?} {}", rule.kind, rule.limit),
            Self::SweepRuns(kind) => write!(out, "SweepRuns {kind:?}"),
            Self::Hold(id) => write!(out, "Hold {:x}", id.0),
            Self::Release(id) => write!(out, "Release {:x}", id.0),
            Self::Priority(id, priority) => write!(out, "Priority {:x} {priority}", id.0),
            Self::RunNow(id) => write!(out, "RunNow {:x}", id.0),
            Self::Override(id, outcome, _) => write!(out, "Override {:x} {outcome}", id.0),
            Self::Pause(run) => write!(out, "Pause {:x}", run.0),
            Self::Resume(run) => write!(out, "Resume {:x}", run.0),
            Self::Resolve(run, key, resolution) => write!(out, "Resolve {:x} {key} {resolution:?}", run.0),
            Self::Lane(lane, change) => write!(out, "Lane {lane} {change:?}"),
            Self::CreateRun(run, new) => write!(out, "CreateRun {:x} {:?}", run.0, new.options),
            Self::Add(run, id) => write!(out, "Add {:x} {:x}", run.0, id.0),
            Self::Stage(run, expected, edge) => write!(out, "Stage {:x} at {expected} {edge:?}", run.0),
            Self::Apply(run, upstream, child) => write!(out, "Apply {:x} {upstream:?} → {:x}", run.0, child.0),
            Self::Policy(run, child, policy) => write!(out, "Policy {:x} {:x} {policy:?}", run.0, child.0),
            Self::Seal(run, expected) => write!(out, "Seal {:x} at {expected}", run.0),
            Self::Extend(rule) => {
                let (run, fragment) = (rule.run.0, &rule.fragment);
                let names: Vec<_> = fragment.nodes.iter().map(|node| (&node.execution.name, node.group)).collect();
                write!(out, "Extend {run:x} at {} by {} {names:?} {:?}", rule.expected, fragment.key, fragment.edges)
            }
            Self::Replay(id, ignore_edges) => write!(out, "Replay {:x} ignoring edges {ignore_edges}", id.0),
            Self::Restart(run, from, options) => write!(out, "Restart {:x} from {:x} {options:?}", run.0, from.0),
            Self::RetryFailed(run, force) => write!(out, "RetryFailed {:x} by force {force}", run.0),
            Self::Alive(node) => write!(out, "Alive {node}"),
        }
    }
}
