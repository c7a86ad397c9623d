//! The exam is itself examined: a store with any of these faults fails it, in the family of cases where the fault belongs.

mod commands;
mod fault;
mod slices;
mod store;

use levada_base::Error;
use levada_store::conformance::{Factory, Setup, Time, examine};
use levada_store::{DueKind, MemoryStore, TABLES};

use crate::fault::Fault;
use crate::store::Broken;

/// Makes in-memory stores with one fault.
struct Faulty(Fault);

impl Factory for Faulty {
    type Store = Broken<MemoryStore>;

    async fn make(&self, setup: Setup) -> Result<Self::Store, Error> {
        let inline_run_max = if self.0 == Fault::SettlesEveryRunInline { 64 } else { setup.inline_run_max };
        Ok(Broken::new(MemoryStore::with_inline_run_max(setup.world.clone(), inline_run_max), setup.world, self.0))
    }
}

/// Faults of single kinds, each with the cases that must find it.
const FAULTS: &[(Fault, &str)] = &[
    (Fault::DropsLastCommand, "tables/all"),
    (Fault::ForgetsDeletes, "tables/tag/delete"),
    (Fault::ForgetsDeleteRun, "commands/delete_run"),
    (Fault::DeletesOnlyTheRun, "commands/delete_run"),
    (Fault::DeletesOnlyTheExecution, "commands/delete_execution"),
    (Fault::DeletesOneEventTooMany, "commands/forget_events"),
    (Fault::OverwritesInserts, "tables/route/change"),
    (Fault::ReversesCommands, "commands/last_put_wins"),
    (Fault::CutsText, "tables/condition/words"),
    (Fault::CutsBytes, "tables/execution_input/words"),
    (Fault::TakesEmptyTextForNull, "tables/run/words"),
    (Fault::TakesNullForZero, "tables/attempt/words"),
    (Fault::KeepsOnly32Bits, "tables/policy/words"),
    (Fault::FoldsCase, "tables/all"),
    (Fault::CommitsUpToTheViolation, "refusals/V-1"),
    (Fault::SaysYesToViolations, "refusals/V-6"),
    (Fault::TellsAnotherCode, "refusals/V-2"),
    (Fault::ForgetsDetails, "refusals/plan_fails"),
    (Fault::ReadsBeforeItLocks, "concurrency/no_update_is_lost/execution"),
    (Fault::ReadsBeforeItLocks, "concurrency/no_update_is_lost/run"),
    (Fault::ReadsBeforeItLocks, "concurrency/one_creates/key"),
    (Fault::ReadsBeforeItLocks, "concurrency/one_creates/execution"),
    (Fault::ReadsBeforeItLocks, "concurrency/claims_are_disjoint"),
    (Fault::CountsNoActive, "concurrency/lane_limit_holds"),
    (Fault::ReadsBeforeItLocks, "concurrency/due_rows_are_taken_once"),
    (Fault::ReadsBeforeItLocks, "concurrency/numbers_are_distinct"),
    (Fault::SwapsAnswers, "concurrency/own_results"),
    (Fault::FailsWithItsNeighbour, "concurrency/failures_stay_alone"),
    (Fault::ShowsOldSlices, "slices/executions/changed"),
    (Fault::ShowsMore, "slices/schedule"),
    (Fault::LocksNoRun, "slices/run/"),
    (Fault::KnowsNoWholeRun, "slices/whole_run"),
    (Fault::OffersNothing, "slices/claim"),
    (Fault::CountsNoActive, "claims/active_in_lanes"),
    (Fault::CountsNoSpared, "slices/group"),
    (Fault::SettlesEveryRunInline, "slices/executions"),
    (Fault::IgnoresClaimLimit, "claims/order"),
    (Fault::IgnoresPriority, "claims/order"),
    (Fault::OffersNewestFirst, "claims/order"),
    (Fault::IgnoresNamespaces, "claims/namespaces"),
    (Fault::IgnoresCapabilities, "claims/capabilities"),
    (Fault::ForgetsClaims, "claims/repeated"),
    (Fault::IgnoresDueLimit, "dues/earliest_first"),
    (Fault::RepeatsNumbers, "numbers/rise"),
    (Fault::KeepsNoRoomForNumbers, "numbers/leave_room"),
    (Fault::FollowsTheClockBack, "time/never_goes_back"),
    (Fault::StopsTime, "time/follows_the_clock"),
    (Fault::RenamesItself, "instance/stays"),
    (Fault::LosesWakes, "wakes/mark"),
    (Fault::LosesOneKindOfWake, "wakes/cancel_pending"),
    (Fault::WakesLate, "wakes/everybody"),
    (Fault::WakesAfterRefusals, "wakes/merged_calls"),
    (Fault::WakesAfterRefusals, "refusals/plan_fails"),
    (Fault::ReadsEventsTwice, "events/pages"),
    (Fault::SkipsAnEvent, "events/pages"),
    (Fault::SkipsAnEvent, "events/writers_at_once"),
    (Fault::TurnsPagesAround, "events/pages"),
    (Fault::IgnoresEventLimit, "events/pages"),
    (Fault::StaysWhereNothingIsShown, "events/end_of_log"),
    (Fault::IgnoresEventNamespaces, "events/filter/namespace"),
    (Fault::IgnoresEventRun, "events/filter/run"),
    (Fault::IgnoresEventExecution, "events/filter/execution"),
    (Fault::IgnoresEventLanes, "events/filter/lanes"),
    (Fault::IgnoresEventKinds, "events/filter/kinds"),
    (Fault::IgnoresEventTag, "events/filter/tag"),
    (Fault::EndsAfterTheFirstPage, "queries/pages/executions"),
    (Fault::EndsAfterTheFirstPage, "queries/pages/runs"),
    (Fault::NeverEnds, "queries/pages/runs"),
    (Fault::BeginsPagesAgain, "queries/pages/executions"),
    (Fault::IgnoresFilters, "queries/executions"),
    (Fault::IgnoresFilters, "queries/runs"),
    (Fault::CountsNothing, "queries/counts"),
    (Fault::NumbersItsDump, "tables/all"),
];

async fn fails(fault: Fault, cases: &str) -> Result<(), String> {
    let report = examine(&Faulty(fault), Time::Simulated, |name| name.starts_with(cases)).await;
    match (report.cases, report.failures.is_empty()) {
        (0, _) => Err(format!("no case begins with {cases}")),
        (_, true) => Err(format!("{fault:?} passes {cases}")),
        _ => Ok(()),
    }
}

async fn all_fail(faults: impl IntoIterator<Item = (Fault, String)>) {
    let mut passed = Vec::new();
    for (fault, cases) in faults {
        passed.extend(fails(fault, &cases).await.err());
    }
    assert!(passed.is_empty(), "{}", passed.join("\n"));
}

#[tokio::test]
async fn t_100_a_broken_store_of_any_kind_fails() {
    let kinds: std::collections::BTreeSet<_> = FAULTS.iter().map(|(fault, _)| format!("{fault:?}")).collect();
    assert!(kinds.len() >= 20);
    all_fail(FAULTS.iter().map(|(fault, cases)| (*fault, (*cases).to_owned()))).await;
}

#[tokio::test]
async fn t_100_a_store_that_forgets_a_table_fails() {
    all_fail(TABLES.iter().map(|table| (Fault::ForgetsTable(table.name), format!("tables/{}/words", table.name)))).await;
}

/// Which cases look at the rows of a table in a slice.
const IN_SLICES: &[(&str, &str)] = &[
    ("execution", "slices/executions"),
    ("attempt", "slices/handles"),
    ("policy", "slices/leases"),
    ("route", "slices/claim"),
    ("run", "slices/run/"),
    ("mark", "slices/marks"),
    ("cancel_pending", "slices/group"),
    ("edge", "slices/building"),
    ("edge_group", "slices/whole_run"),
    ("condition", "slices/condition"),
    ("execution_pin", "slices/whole_run"),
    ("execution_input", "claims/inputs"),
    ("execution_result", "slices/marks"),
    ("tag", "slices/tags"),
    ("request_key", "slices/key"),
    ("lane", "slices/lanes"),
    ("worker", "slices/worker"),
    ("engine_node", "slices/engine_nodes"),
    ("schedule", "slices/schedule"),
    ("schedule_fire", "slices/schedule"),
];

#[tokio::test]
async fn t_100_a_store_that_leaves_rows_out_of_slices_fails() {
    all_fail(IN_SLICES.iter().map(|(table, cases)| (Fault::HidesTable(table), (*cases).to_owned()))).await;
}

#[tokio::test]
async fn t_100_a_store_that_never_wakes_for_a_due_time_fails() {
    let kinds = DueKind::ALL.iter().flat_map(|kind| {
        let cases = format!("dues/next/{kind:?}");
        [(Fault::ForgetsDue(*kind), cases.clone()), (Fault::TellsDueLate(*kind), cases)]
    });
    all_fail(kinds).await;
}

/// What makes the others fail is the fault, not the wrapper.
#[tokio::test]
async fn t_100_the_wrapper_without_a_fault_passes() {
    let report = examine(&Faulty(Fault::None), Time::Simulated, |_| true).await;
    assert!(report.failures.is_empty(), "{report}");
}
