//! C-1 … C-5 as stored: schedules fire once per nominal time, with the next one in the same decision.

use levada_store::alphabets::{EventKind, MissedPolicy, Outcome};
use levada_store::{RunId, ScheduleId};
use levada_tasks::rules::{
    Applied, ChangeLane, CreateSchedule, Created, DeleteSchedule, FireSchedule, Fired, LaneChange, PauseSchedule,
    ResumeSchedule,
};
use levada_tasks::spec::{NewSchedule, Recurrence};

use crate::world::{World, graph};

const SCHEDULE: ScheduleId = ScheduleId(77);
const MINUTE: i64 = 60_000;

fn every_minute(missed: MissedPolicy) -> NewSchedule {
    NewSchedule {
        id: None,
        namespace: "default".to_owned(),
        name: "nightly".to_owned(),
        when: Recurrence::Every { ms: MINUTE, anchor_ms: 0 },
        start_ms: None,
        end_ms: None,
        jitter_ms: 0,
        missed,
        paused: false,
        graph: graph(&["a", "b"], &[("a", "b")]),
    }
}

fn scheduled(missed: MissedPolicy) -> World {
    let mut world = World::new();
    let event = CreateSchedule { id: SCHEDULE, new: every_minute(missed) };
    let next = world.ring.now_ms() + MINUTE;
    assert_eq!(world.must(&event), Created::Created((SCHEDULE, Some(next))), "the world begins at a full minute");
    world
}

fn fire(world: &mut World) -> Fired {
    let event = FireSchedule::of(&world.ring.state().schedules[&SCHEDULE], None).expect("a graph");
    world.must(&event)
}

/// Fires until it has kept up: the runs, oldest nominal time first, and how many times were passed over.
fn catch_up(world: &mut World) -> (Vec<RunId>, u64) {
    let (mut runs, mut missed) = (Vec::new(), 0);
    loop {
        let fired = fire(world);
        runs.extend(fired.run);
        missed += fired.missed;
        if !fired.more {
            assert_eq!(fired.next_fire_ms, Some(world.ring.now_ms() / MINUTE * MINUTE + MINUTE));
            return (runs, missed);
        }
    }
}

fn events(world: &World, kind: EventKind) -> usize {
    world.ring.state().events.values().filter(|event| event.kind == kind).count()
}

#[test]
fn c_02_one_run_per_nominal_time() {
    let mut world = scheduled(MissedPolicy::One);
    let early = FireSchedule::of(&world.ring.state().schedules[&SCHEDULE], None).expect("a graph");
    assert_eq!(world.no_op(&early).run, None, "not before its time");
    world.ring.advance(MINUTE);
    let fired = fire(&mut world);
    assert_eq!((fired.missed, fired.more, fired.next_fire_ms), (0, false, Some(world.ring.now_ms() + MINUTE)));
    let run = fired.run.expect("its time has come");
    assert_eq!(world.no_op(&early).run, None, "another node that saw it due finds it done");
    assert_eq!(world.work(|_| Outcome::Succeeded), ["a", "b"]);
    assert_eq!(world.ended(run), Outcome::Succeeded);
    let again = scheduled(MissedPolicy::One);
    let mut again = again;
    again.ring.advance(MINUTE);
    assert_eq!(fire(&mut again).run, fired.run, "the id follows from schedule and nominal time");
}

#[test]
fn c_04_missed_fires() {
    let table = [(MissedPolicy::Skip, 1, 4), (MissedPolicy::One, 1, 4), (MissedPolicy::All, 5, 0)];
    for (policy, runs, missed) in table {
        let mut world = scheduled(policy);
        world.ring.advance(5 * MINUTE);
        let (fired, passed_over) = catch_up(&mut world);
        assert_eq!((fired.len(), passed_over), (runs, missed), "{policy}: the latest is not late");
        assert!(fired.is_sorted(), "oldest first");
        assert_eq!(events(&world, EventKind::ScheduleFired), runs);
        assert_eq!(events(&world, EventKind::ScheduleMissed), usize::from(missed > 0));
        assert_eq!(world.ring.state().schedule_fires.len(), runs);
    }
    let mut world = scheduled(MissedPolicy::Skip);
    world.ring.advance(5 * MINUTE + 30_000);
    assert_eq!(fire(&mut world).run, None, "skip leaves out what is late");
}

#[test]
fn c_04_all_makes_up_for_at_most_a_hundred() {
    let mut world = scheduled(MissedPolicy::All);
    world.ring.advance(150 * MINUTE);
    let (runs, missed) = catch_up(&mut world);
    assert_eq!((runs.len(), missed), (100, 50));
    assert!(runs.is_sorted(), "oldest first");
    assert_eq!(events(&world, EventKind::ScheduleMissed), 1, "and says so");
    world.ring.advance(100 * MINUTE);
    assert_eq!(
        catch_up(&mut world),
        (world.ring.state().schedule_fires.values().skip(100).map(|fire| fire.run_id).collect(), 0)
    );
}

#[test]
fn c_02_each_missed_time_moves_the_schedule_on_by_itself() {
    let mut world = scheduled(MissedPolicy::All);
    let first = world.ring.now_ms() + MINUTE;
    world.ring.advance(3 * MINUTE);
    for made_up in 1..=2 {
        let fired = fire(&mut world);
        assert!(fired.run.is_some() && fired.more);
        let row = &world.ring.state().schedules[&SCHEDULE];
        assert_eq!((row.made_up, row.next_nominal_ms), (made_up, Some(first + i64::from(made_up) * MINUTE)));
    }
    // It came due while the others were made up for.
    world.ring.advance(MINUTE);
    assert_eq!(catch_up(&mut world).0.len(), 2);
    assert_eq!(world.ring.state().schedules[&SCHEDULE].made_up, 0);
    let same = CreateSchedule { id: SCHEDULE, new: every_minute(MissedPolicy::All) };
    world.ring.advance(2 * MINUTE);
    fire(&mut world);
    assert!(matches!(world.no_op(&same), Created::Existing(_)), "whatever it made up for");
}

#[test]
fn c_01_pause_resume_and_delete() {
    let mut world = scheduled(MissedPolicy::All);
    let (schedule, actor) = (SCHEDULE, "ann".to_owned());
    let pause = PauseSchedule { schedule, actor: actor.clone() };
    let resume = ResumeSchedule { schedule, actor: actor.clone() };
    let delete = DeleteSchedule { schedule, actor };
    assert_eq!((world.must(&pause), world.no_op(&pause)), (Applied::Applied, Applied::AlreadyApplied));
    world.ring.advance(5 * MINUTE);
    assert_eq!(fire(&mut world).run, None, "nothing fires");
    assert_eq!((world.must(&resume), world.no_op(&resume)), (Applied::Applied, Applied::AlreadyApplied));
    assert_eq!(fire(&mut world).run, None, "what passed meanwhile was not missed");
    world.ring.advance(MINUTE);
    assert!(fire(&mut world).run.is_some());
    assert_eq!((world.must(&delete), world.no_op(&delete)), (Applied::Applied, Applied::AlreadyApplied));
    assert_eq!(world.refused(&pause), "LV-T002");
    let event = CreateSchedule { id: SCHEDULE, new: every_minute(MissedPolicy::All) };
    world.must(&event);
    assert_eq!(fire(&mut world).run, None, "no nominal time begins a second run");
}

#[test]
fn c_01_what_is_still_to_start_outlives_a_pause() {
    const DAY: i64 = 86_400_000;
    let mut world = World::new();
    let daily = Recurrence::Every { ms: DAY, anchor_ms: 0 };
    let new = NewSchedule { when: daily, jitter_ms: DAY, ..every_minute(MissedPolicy::One) };
    world.must(&CreateSchedule { id: SCHEDULE, new });
    let row = |world: &World| world.ring.state().schedules[&SCHEDULE].clone();
    let (nominal_ms, fire_ms) = (row(&world).next_nominal_ms.expect("daily"), row(&world).next_fire_ms.expect("daily"));
    assert!(fire_ms > nominal_ms, "it starts some time after");
    world.ring.advance(nominal_ms - world.ring.now_ms());
    let (schedule, actor) = (SCHEDULE, "ann".to_owned());
    world.must(&PauseSchedule { schedule, actor: actor.clone() });
    world.must(&ResumeSchedule { schedule, actor: actor.clone() });
    assert_eq!((row(&world).next_nominal_ms, row(&world).next_fire_ms), (Some(nominal_ms), Some(fire_ms)));
    world.ring.advance(fire_ms - world.ring.now_ms());
    world.must(&PauseSchedule { schedule, actor: actor.clone() });
    assert_eq!(events(&world, EventKind::ScheduleMissed), 1, "it has come and never will begin");
    world.must(&ResumeSchedule { schedule, actor });
    assert_eq!(fire(&mut world).run, None);
    assert_eq!(row(&world).next_nominal_ms, Some(nominal_ms + DAY));
}

#[test]
fn c_01_a_repeated_create() {
    let mut world = scheduled(MissedPolicy::One);
    let same = CreateSchedule { id: SCHEDULE, new: every_minute(MissedPolicy::One) };
    world.ring.advance(MINUTE);
    fire(&mut world);
    assert!(matches!(world.no_op(&same), Created::Existing(_)), "whatever it did since");
    let other = CreateSchedule { id: SCHEDULE, new: every_minute(MissedPolicy::All) };
    assert_eq!(world.refused(&other), "LV-T004");
}

#[test]
fn c_01_schedules_that_are_refused() {
    let mut world = World::new();
    let mut refused = |new: NewSchedule| -> &'static str { world.refused(&CreateSchedule { id: SCHEDULE, new }) };
    let new = || every_minute(MissedPolicy::One);
    let cron = |text: &str, zone: &str| Recurrence::Cron { text: text.to_owned(), zone: zone.to_owned() };
    assert_eq!(refused(NewSchedule { when: cron("61 * * * *", "UTC"), ..new() }), "LV-T601");
    assert_eq!(refused(NewSchedule { when: cron("1 * * * *", "Mars/Base"), ..new() }), "LV-T602");
    assert_eq!(refused(NewSchedule { jitter_ms: -1, ..new() }), "LV-T001");
    assert_eq!(refused(NewSchedule { graph: graph(&["a", "b"], &[("a", "b"), ("b", "a")]), ..new() }), "LV-T206");
    let mut keyed = new();
    keyed.graph.request_key = Some("k".to_owned());
    assert_eq!(refused(keyed), "LV-T005", "G-7: a key would make every run but the first a repetition");
}

#[test]
fn c_02_a_run_that_is_refused_is_told_and_does_not_stop_the_schedule() {
    let mut world = scheduled(MissedPolicy::One);
    let drain = |change| ChangeLane { lane: "default".to_owned(), change, actor: "ann".to_owned() };
    world.must(&drain(LaneChange::Drain));
    world.ring.advance(MINUTE);
    let fired = fire(&mut world);
    assert_eq!((fired.run, fired.is_skipped), (None, true));
    assert_eq!(events(&world, EventKind::ScheduleSkipped), 1);
    assert!(world.ring.state().runs.is_empty() && world.ring.state().executions.is_empty(), "nothing is left behind");
    world.must(&drain(LaneChange::Resume));
    world.ring.advance(MINUTE);
    assert!(fire(&mut world).run.is_some());
}
