//! Merging: calls that wait while a commit is in flight become the next transaction, each with its own result.
//!
//! A store that commits takes a [`Batch`] from its queue, loads the batch's scope, calls [`Batch::plan`], writes the commands and calls
//! [`Batch::finish`]. Whether the queue is served by a thread or a task is the store's business.

use std::any::Any;
use std::collections::{BTreeSet, VecDeque};

use levada_base::{Error, codes};
use tokio::sync::oneshot;

use crate::alphabets::Phase;
use crate::fused::Fused;
use crate::scope::{MergeClass, Scope};
use crate::state::{Command, Record, State, apply};
use crate::store::Plan;

/// The most calls of one transaction.
pub const MERGED_CALLS_MAX: usize = 256;

type Answer = Box<dyn Any + Send>;
type BoxedPlan = Box<dyn FnMut(&State) -> Result<(Vec<Command>, Answer), Error> + Send>;

/// A call that waits for its transaction.
pub struct Request {
    scope: Scope,
    fused: Option<Fused>,
    plan: BoxedPlan,
    reply: oneshot::Sender<Result<Answer, Error>>,
    outcome: Option<Result<Answer, Error>>,
    /// Whether its plan wrote something that is not committed yet.
    wrote: bool,
}

/// The other end of a request.
pub struct Pending(oneshot::Receiver<Result<Answer, Error>>);

impl Request {
    /// A request and the place where its result arrives.
    pub fn new<R: Send + 'static>(scope: Scope, mut plan: impl Plan<R> + 'static) -> (Self, Pending) {
        let (reply, pending) = oneshot::channel();
        let plan = move |state: &State| {
            let (commands, answer) = plan.plan(state)?;
            Ok((commands, Box::new(answer) as Answer))
        };
        (Self { scope, fused: None, plan: Box::new(plan), reply, outcome: None, wrote: false }, Pending(pending))
    }

    /// The same with its usual effect, so that the store may do it in one statement. An effect that names something twice is none.
    #[must_use]
    pub fn fused(mut self, fused: Fused) -> Self {
        let mut keys = BTreeSet::new();
        let is_plain = fused.keys().all(|key| keys.insert(key));
        self.fused = is_plain.then_some(fused);
        self
    }

    /// The class of a batch with this call in it; none if the batch cannot take it. `first` is the batch's first call.
    fn joins(&self, first: &Self, class: Option<MergeClass>) -> Option<MergeClass> {
        match (&first.fused, &self.fused) {
            (Some(one), Some(other)) => one.is_like(other).then_some(MergeClass::Any),
            (None, None) => class?.with(self.scope.merge_class()?),
            _ => None,
        }
    }
}

impl Pending {
    /// Waits for the result.
    ///
    /// # Errors
    /// What the plan or the store refused; `LV-T702` if the store was closed meanwhile.
    pub async fn result<R: 'static>(self) -> Result<R, Error> {
        downcast(self.0.await.unwrap_or_else(|_| Err(closed())))
    }

    /// The result of a request that was finished already.
    ///
    /// # Errors
    /// See [`Pending::result`].
    pub fn now<R: 'static>(mut self) -> Result<R, Error> {
        downcast(self.0.try_recv().unwrap_or_else(|_| Err(closed())))
    }
}

fn downcast<R: 'static>(answer: Result<Answer, Error>) -> Result<R, Error> {
    answer?
        .downcast::<R>()
        .map(|answer| *answer)
        .map_err(|_| Error::internal("a plan answered with another type than it was asked for"))
}

fn closed() -> Error {
    Error::new(codes::LV_T702, "store unreachable: it was closed")
        .with_hint("open it again, then repeat the call with the same key")
}

/// Calls that share a transaction.
pub struct Batch(Vec<Request>);

impl Batch {
    /// Takes the next transaction's calls: the first of the queue and those that may share its transaction; none if it is empty. The
    /// others stay in their order.
    #[must_use]
    pub fn take(queue: &mut VecDeque<Request>) -> Option<Self> {
        let first = queue.pop_front()?;
        let mut keys: BTreeSet<u128> = first.fused.iter().flat_map(Fused::keys).collect();
        let mut class = first.scope.merge_class();
        let mut calls = vec![first];
        let mut rest = VecDeque::new();
        while let Some(next) = queue.pop_front() {
            let is_apart = next.fused.iter().flat_map(Fused::keys).any(|key| keys.contains(&key));
            if let Some(both) = next.joins(&calls[0], class).filter(|_| !is_apart) {
                class = Some(both);
                keys.extend(next.fused.iter().flat_map(Fused::keys));
                calls.push(next);
            } else {
                rest.push_back(next);
            }
            if calls.len() == MERGED_CALLS_MAX {
                break;
            }
        }
        rest.append(queue);
        *queue = rest;
        Some(Self(calls))
    }

    /// The usual effects of the calls, in their order, if they are to be done in one statement.
    #[must_use]
    pub fn fused(&self) -> Option<Vec<&Fused>> {
        self.0.iter().map(|call| call.fused.as_ref()).collect()
    }

    /// Its calls of these numbers, and the others; the others take the ordinary way from now on. None where there is no such call.
    #[must_use]
    pub fn parted(self, done: &BTreeSet<usize>) -> (Option<Self>, Option<Self>) {
        let (mut of_done, mut others) = (Vec::new(), Vec::new());
        for (number, call) in self.0.into_iter().enumerate() {
            if done.contains(&number) {
                of_done.push(call);
            } else {
                others.push(Request { fused: None, ..call });
            }
        }
        let batch = |calls: Vec<Request>| (!calls.is_empty()).then_some(Self(calls));
        (batch(of_done), batch(others))
    }

    /// How many calls share the transaction.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// A batch has at least one call.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All rows that its calls need.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self.0.as_slice() {
            [only] => only.scope.clone(),
            calls => Scope::All(calls.iter().map(|call| call.scope.clone()).collect()),
        }
    }

    /// Plans every call, each on what the ones before it leave behind. A call whose plan fails contributes nothing and has its error;
    /// what is returned is everything that is to be committed. May be called again after a failed commit.
    pub fn plan(&mut self, mut state: State) -> Vec<Command> {
        let mut all = Vec::new();
        let alone = self.0.len() == 1;
        // A plan that panics leaves the calls after it without an outcome: that of an earlier attempt says nothing about this one.
        for call in &mut self.0 {
            (call.outcome, call.wrote) = (None, false);
        }
        for call in &mut self.0 {
            let outcome = (call.plan)(&state).and_then(|(commands, answer)| {
                if alone {
                    checked(&mut state, &commands)?
                } else {
                    apply_in_turn(&mut state, &commands)?
                }
                Ok((commands, answer))
            });
            call.outcome = Some(outcome.map(|(commands, answer)| {
                call.wrote = !commands.is_empty();
                all.extend(commands);
                answer
            }));
        }
        all
    }

    /// Answers every call: with its own outcome if the transaction was committed, else with the error that `failure` makes. A refusal
    /// stands without a commit only if no call before it wrote anything: else it may follow from what never happened.
    pub fn finish(self, failure: Option<&dyn Fn() -> Error>) {
        let mut on_what_is_committed = true;
        for call in self.0 {
            let answer = match (call.outcome, failure) {
                (Some(Err(refusal)), Some(_)) if on_what_is_committed => Err(refusal),
                (_, Some(failure)) => Err(failure()),
                (outcome, None) => outcome.unwrap_or_else(|| Err(closed())),
            };
            on_what_is_committed &= !call.wrote;
            // The caller may have gone; what was committed is committed.
            let _ = call.reply.send(answer);
        }
    }

    /// Its calls, each as a batch of its own: when the store refuses what they wrote together, the one to blame is found by running each
    /// by itself.
    pub fn apart(self) -> impl Iterator<Item = Self> {
        self.0.into_iter().map(|call| Self(vec![call]))
    }

    /// Answers every call with an error, because no slice could be loaded.
    pub fn fail(self, failure: &dyn Fn() -> Error) {
        for call in self.0 {
            let _ = call.reply.send(Err(failure()));
        }
    }
}

fn checked(state: &mut State, commands: &[Command]) -> Result<(), Error> {
    commands.iter().try_for_each(|command| crate::check::check(state, command)).map_err(violated)
}

/// Leaves what a call decided to the call after it in the same transaction, with the room that its lanes have then.
///
/// # Errors
/// `LV-T901`: the commands break a rule; nothing was applied then.
pub fn apply_in_turn(state: &mut State, commands: &[Command]) -> Result<(), Error> {
    checked(state, commands)?;
    for command in commands {
        count_active(state, command);
        if let Command::Put(Record::Execution(row)) = command {
            state.in_turn.insert(row.id);
        }
    }
    commands.iter().try_for_each(|command| apply(state, command)).map_err(violated)
}

/// What a call takes of a lane's limit is not there for the calls after it, and what it gives back is.
fn count_active(state: &mut State, command: &Command) {
    let Command::Put(Record::Execution(row)) = command else { return };
    let was_active = state.executions.get(&row.id).is_some_and(|before| before.phase == Phase::Active);
    let lane = state.routes.get(&row.route_id).map(|route| &route.lane);
    if let Some(active) = lane.and_then(|lane| state.active_in_lane.get_mut(lane)) {
        *active += i64::from(row.phase == Phase::Active) - i64::from(was_active);
    }
}

fn violated(violation: crate::check::RuleViolation) -> Error {
    Error::new(codes::LV_T901, violation.to_string())
        .with_detail("rule", violation.rule)
        .with_hint("this is a bug in Levada: please report it with the trace")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fused::FusedRenew;
    use crate::ids::ExecutionId;

    /// Takes the named execution if the lane has room for one.
    fn taking(id: u128) -> impl FnMut(&State) -> Result<(Vec<Command>, usize), Error> + Send {
        move |state: &State| {
            let room = 1 - state.active_in_lane["mail"];
            let mut row = state.executions[&ExecutionId(id)].clone();
            row.phase = Phase::Active;
            row.attempt_no = row.attempt_no.max(1);
            row.fence += 1;
            (row.lease_id, row.lease_until_ms) = (Some(crate::Token(1)), Some(2));
            (row.worker, row.instance) = (Some("w".to_owned()), Some("i".to_owned()));
            let commands: Vec<_> = [Command::Put(row.into())].into_iter().take(usize::try_from(room).unwrap_or(0)).collect();
            Ok((commands.clone(), commands.len()))
        }
    }

    #[test]
    fn calls_of_one_transaction_share_a_lanes_limit() {
        let mut state = crate::conformance::random::state(1, 1_000);
        let ready: Vec<_> =
            state.executions.values().filter(|row| row.public_state() == crate::alphabets::PublicState::Ready).collect();
        let ids: Vec<_> = ready.iter().map(|row| row.id.0).take(2).collect();
        for row in state.executions.values().filter(|row| ids.contains(&row.id.0)) {
            state.routes.get_mut(&row.route_id).unwrap().lane = "mail".to_owned();
        }
        state.active_in_lane.insert("mail".to_owned(), 0);
        let (first, one) = Request::new(Scope::Executions(vec![]), taking(ids[0]));
        let (second, other) = Request::new(Scope::Executions(vec![]), taking(ids[1]));
        let mut batch = Batch::take(&mut VecDeque::from([first, second])).unwrap();
        assert_eq!(batch.plan(state).len(), 1);
        batch.finish(None);
        assert_eq!((one.now::<usize>().unwrap(), other.now::<usize>().unwrap()), (1, 0));
    }

    /// Ends the execution, or is refused because it has ended.
    fn removing(id: u128) -> (Request, Pending) {
        let id = ExecutionId(id);
        let plan = move |state: &State| match state.executions.contains_key(&id) {
            true => Ok((vec![Command::DeleteExecution(id)], ())),
            false => Err(Error::new(codes::LV_T101, "it is gone")),
        };
        Request::new(Scope::Executions(vec![id]), plan)
    }

    /// The code that each call is told if the batch is not committed.
    fn told_without_commit(state: &State, calls: Vec<(Request, Pending)>) -> Vec<&'static str> {
        let (mut calls, replies): (VecDeque<_>, Vec<_>) = calls.into_iter().unzip();
        let mut batch = Batch::take(&mut calls).unwrap();
        batch.plan(state.clone());
        batch.finish(Some(&closed));
        replies.into_iter().map(|reply| reply.now::<()>().unwrap_err().code().name()).collect()
    }

    #[test]
    fn t_112_a_refusal_that_follows_from_what_was_not_committed_is_not_told() {
        let mut state = State::default();
        state.put(crate::conformance::samples::ready(1, 1).into());
        let told = |calls| told_without_commit(&state, calls);
        assert_eq!(told(vec![removing(1), removing(1)]), ["LV-T702", "LV-T702"], "it is still there");
        assert_eq!(told(vec![removing(2), removing(1), removing(2)]), ["LV-T101", "LV-T702", "LV-T702"]);
        assert_eq!(told(vec![removing(2), removing(2)]), ["LV-T101", "LV-T101"]);
    }

    #[test]
    fn a_panic_forgets_the_outcomes_of_an_earlier_attempt() {
        let mut attempts = 0;
        let panics_later = move |_: &State| {
            attempts += 1;
            assert!(attempts < 2, "on purpose");
            Ok((Vec::new(), ()))
        };
        let (first, _) = Request::new(Scope::Executions(Vec::new()), panics_later);
        let (second, refused) = removing(2);
        let mut batch = Batch::take(&mut VecDeque::from([first, second])).unwrap();
        batch.plan(State::default());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| batch.plan(State::default())));
        assert!(panicked.is_err());
        batch.finish(Some(&closed));
        assert_eq!(refused.now::<()>().unwrap_err().code().name(), "LV-T702");
    }

    #[test]
    fn calls_share_a_transaction_with_those_of_their_class() {
        let work = || Scope::Handles(Vec::new());
        let runs = || Scope::All(vec![Scope::Run(crate::RunId(1)), Scope::Lanes(Vec::new())]);
        let any = || Scope::Executions(Vec::new());
        let alone = || Scope::WholeRun(crate::RunId(1));
        let sizes = |scopes: Vec<Scope>| {
            let plan = |_: &State| Ok((Vec::new(), ()));
            let mut queue: VecDeque<_> = scopes.into_iter().map(|scope| Request::new(scope, plan).0).collect();
            std::iter::from_fn(|| Batch::take(&mut queue).map(|batch| batch.len())).collect::<Vec<_>>()
        };
        assert_eq!(sizes(vec![work(), any(), work()]), [3]);
        assert_eq!(sizes(vec![any(), runs(), work(), runs()]), [3, 1], "a batch has the class of its first call that has one");
        assert_eq!(sizes(vec![alone(), alone(), any()]), [1, 1, 1]);
        assert_eq!(Scope::All(vec![work(), runs()]).merge_class(), None, "a call of two classes goes alone");
    }

    fn renewal(executions: &[u128]) -> Request {
        let items = executions.iter().map(|id| FusedRenew { execution: ExecutionId(*id), fence: 1, ttl_ms: 1 }).collect();
        let plan = |_: &State| Ok((Vec::new(), ()));
        Request::new(Scope::Leases(Vec::new()), plan).0.fused(Fused::Renew(items))
    }

    #[test]
    fn calls_of_one_statement_name_nothing_twice() {
        let ordinary = Request::new(Scope::Executions(Vec::new()), |_: &State| Ok((Vec::new(), ()))).0;
        let mut queue = VecDeque::from([renewal(&[1, 2]), ordinary, renewal(&[2, 3]), renewal(&[4, 4]), renewal(&[3])]);
        let sizes: Vec<_> =
            std::iter::from_fn(|| Batch::take(&mut queue)).map(|batch| (batch.len(), batch.fused().is_some())).collect();
        assert_eq!(sizes, [(2, true), (2, false), (1, true)], "the ordinary one with the one that names 4 twice");
    }

    #[test]
    fn what_does_not_fit_takes_the_ordinary_way() {
        let batch = Batch::take(&mut VecDeque::from([renewal(&[1]), renewal(&[2]), renewal(&[3])])).unwrap();
        let (done, others) = batch.parted(&BTreeSet::from([1]));
        let sizes = [done, others].map(|batch| batch.map(|batch| (batch.len(), batch.fused().is_some())));
        assert_eq!(sizes, [Some((1, true)), Some((2, false))]);
        let batch = Batch::take(&mut VecDeque::from([renewal(&[1])])).unwrap();
        assert!(batch.parted(&BTreeSet::from([0])).1.is_none());
    }
}
