//! Who is woken by what.

use std::collections::BTreeSet;

use levada_store::Token;
use levada_store::rows::Route;

use super::{ClaimDesk, Seat};
use crate::spec::ClaimRequest;

fn route(id: i64, lane: &str, capabilities: &str) -> Route {
    Route { id, namespace: "default".to_owned(), lane: lane.to_owned(), capabilities: capabilities.to_owned() }
}

fn request(lane: &str, capabilities: &[&str]) -> ClaimRequest {
    let capabilities = capabilities.iter().map(|word| (*word).to_owned()).collect();
    ClaimRequest { capabilities, ..ClaimRequest::of_lane(lane, "a", 1, Token(1)) }
}

fn woken(seat: &Seat) -> bool {
    seat.desk.seats.lock().waiting.get(&seat.number).is_some_and(|waiting| waiting.woken_for.is_some())
}

#[test]
fn t_039_one_wake_up_wakes_the_claim_that_waited_longest() {
    let desk = ClaimDesk::default();
    let other_lane = desk.sit(&request("print", &["gpu"]));
    desk.learn(|| route(1, "mail", "gpu"));
    let unable = desk.sit(&request("mail", &[]));
    let first = desk.sit(&request("mail", &["cpu", "gpu"]));
    let second = desk.sit(&request("mail", &["gpu"]));
    desk.ready(1);
    assert_eq!([&other_lane, &unable, &first, &second].map(woken), [false, false, true, false]);
    desk.ready(1);
    assert!(woken(&second), "the next wake-up is for the next claim");
}

#[test]
fn t_111_a_claim_that_leaves_passes_its_wake_up_on() {
    let desk = ClaimDesk::default();
    let first = desk.sit(&request("mail", &[]));
    desk.learn(|| route(1, "mail", ""));
    let second = desk.sit(&request("mail", &[]));
    desk.ready(1);
    drop(first);
    assert!(woken(&second));
    second.looks();
    let third = desk.sit(&request("mail", &[]));
    drop(second);
    assert!(!woken(&third), "a wake-up that was used is not passed on");
}

#[test]
fn t_039_a_place_in_a_full_lane_wakes_one_claim_that_could_take_what_is_ready_there() {
    let desk = ClaimDesk::default();
    let elsewhere = desk.sit(&request("print", &["gpu"]));
    let unable = desk.sit(&request("mail", &[]));
    let able = desk.sit(&request("mail", &["gpu"]));
    let routes = || [route(1, "mail", "gpu"), route(2, "print", "tpu"), route(3, "mail", "cpu")];
    let all = |desk: &ClaimDesk, ready| {
        let mut seats = desk.seats.lock();
        routes().into_iter().for_each(|route| seats.learn(route));
        seats.ready = ready;
    };
    let woken_now = |route: i64, limited: &[&str], ready: Option<BTreeSet<i64>>| {
        all(&desk, ready);
        desk.seats.lock().limited = Some(limited.iter().map(|lane| (*lane).to_owned()).collect());
        desk.freed(route);
        let found = [&elsewhere, &unable, &able].map(woken);
        [&elsewhere, &unable, &able].into_iter().for_each(Seat::looks);
        found
    };
    let ready = || Some([1].into());
    assert_eq!(woken_now(3, &["mail"], ready()), [false, false, true], "whatever of the lane ended");
    assert_eq!(woken_now(3, &["mail"], Some([2].into())), [false; 3], "nothing of the lane is ready");
    assert_eq!(woken_now(3, &["mail"], None), [false, false, true], "something may be");
    assert_eq!(woken_now(2, &["mail"], ready()), [false; 3], "another lane's end leaves no place in this one");
    assert_eq!(woken_now(3, &["print"], ready()), [false; 3], "a lane without a limit is never full");
    assert_eq!(woken_now(9, &["mail"], ready()), [false; 3], "nobody knows its lane");
}

#[test]
fn t_039_a_claim_looks_by_itself_only_if_there_may_be_something() {
    let desk = ClaimDesk::default();
    let idle = desk.sit(&request("print", &[]));
    assert!(idle.looks_first, "nobody knows yet");
    let looks = |lane: &str| desk.sit(&request(lane, &[])).looks_first;
    let _ = desk.begin_probe();
    desk.probed([route(1, "mail", "")], true);
    assert_eq!([looks("mail"), looks("print")], [true, false]);
    let _ = desk.begin_probe();
    desk.ready(1);
    desk.probed([route(2, "print", "gpu")], true);
    assert_eq!([looks("mail"), looks("print")], [true, false], "the probe may not have seen what became ready meanwhile");
    let _ = desk.begin_probe();
    desk.probed([], true);
    assert_eq!([looks("mail"), looks("print")], [false, false]);
    desk.ready(1);
    assert_eq!([looks("mail"), looks("print")], [true, false]);
    for unknown in [|desk: &ClaimDesk| desk.ready(99), ClaimDesk::look] {
        desk.probed([], true);
        unknown(&desk);
        assert!(looks("print"), "nobody knows any more");
    }
    desk.probed([], false);
    assert!(looks("print"), "there may be others");
    desk.probed([], true);
    drop(idle);
    assert!(looks("print"), "probes are made only while claims wait");
}

#[test]
fn t_039_limits_that_were_read_before_a_lane_changed_are_not_believed() {
    let desk = ClaimDesk::default();
    let asked = desk.begin_probe().expect("nobody knows yet");
    desk.forget();
    desk.learn_limited(asked, BTreeSet::new());
    let asked = desk.begin_probe().expect("nobody knows still");
    desk.learn_limited(asked, BTreeSet::new());
    assert_eq!(desk.begin_probe(), None);
}
