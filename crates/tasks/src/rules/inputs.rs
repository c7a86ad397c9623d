//! What a claim brings of an execution's inputs: its own, and the results of upstreams under the names that edges gave them.
//!
//! Not here: fixing named inputs when a group is satisfied (`group`), and reading what is larger than travels with a claim.

use std::collections::BTreeMap;

use levada_store::alphabets::Outcome;
use levada_store::rows::{Execution, Pin, ResultRow};
use levada_store::{ExecutionId, SLICE_BYTES_MAX, limits};

use super::{ClaimedInput, Draft};
use crate::spec::Payload;

impl Draft<'_> {
    /// How many bytes an execution's inputs have, whether they travel or not.
    pub(super) fn bytes_of(&self, id: ExecutionId) -> i64 {
        self.state.inputs.get(&id).map_or(0, |input| input.length) + self.pinned_bytes(id)
    }

    fn pinned_bytes(&self, id: ExecutionId) -> i64 {
        let results = self.pins_of(id).filter_map(|pin| self.state.results.get(&(pin.upstream, pin.generation)));
        results.map(|result| result.length).sum()
    }

    fn pins_of(&self, id: ExecutionId) -> impl Iterator<Item = &Pin> + '_ {
        self.state.pins.range((id, String::new())..).map(|(_, pin)| pin).take_while(move |pin| pin.execution_id == id)
    }

    /// Its own input, for a claim that says which executions it gave before; none if it is to be read.
    pub(super) fn input_of(&self, id: ExecutionId, is_repeated: impl Fn(&Execution) -> bool) -> Option<Payload> {
        let Some(input) = self.state.inputs.get(&id) else { return self.has_inputs(id, is_repeated).then_some(Payload::Void) };
        (input.length <= SLICE_BYTES_MAX).then(|| Payload::from_stored(input.storage, input.bytes.clone()))
    }

    /// Whether the slice has the inputs of an execution, so that one without a row has none: it was ready for the claim, or is repeated.
    /// What became ready by this call, or by another one that shares the slice, has its inputs elsewhere.
    fn has_inputs(&self, id: ExecutionId, is_repeated: impl Fn(&Execution) -> bool) -> bool {
        let was_given = || !self.state.in_turn.contains(&id) && self.before().executions.get(&id).is_some_and(is_repeated);
        self.state.candidates.contains(&id) || was_given()
    }

    /// The named inputs of an execution. All together larger than travels with one claim: all of them are to be read.
    pub(super) fn pinned(&self, id: ExecutionId) -> BTreeMap<String, ClaimedInput> {
        let longest = if self.pinned_bytes(id) > limits::CLAIM_INPUT_BYTES_MAX { 0 } else { SLICE_BYTES_MAX };
        self.pins_of(id).map(|pin| (pin.name.clone(), self.claimed_input(pin, longest))).collect()
    }

    fn claimed_input(&self, pin: &Pin, longest: i64) -> ClaimedInput {
        let result = self.state.results.get(&(pin.upstream, pin.generation)).filter(|_| pin.outcome == Outcome::Succeeded);
        // A slice that settles a run has results without their bytes.
        let is_here = |result: &ResultRow| i64::try_from(result.bytes.len()) == Ok(result.length);
        let payload = match result {
            Some(result) if result.length > longest || !is_here(result) => None,
            Some(result) => Some(Payload::from_stored(result.storage, result.bytes.clone())),
            None => Some(Payload::Void),
        };
        ClaimedInput {
            upstream: pin.upstream,
            generation: pin.generation,
            outcome: pin.outcome,
            failure_code: pin.failure_code.clone(),
            payload,
        }
    }
}
