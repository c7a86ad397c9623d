//! F-11: leases after an outage of all engine nodes.

use levada_store::alphabets::PublicState;
use levada_store::{DueKind, Token};
use levada_tasks::rules::{NodeAlive, RenewLeases, SweepExecutions};
use levada_tasks::spec::{ClaimRequest, NewExecution, Renew};

use crate::calls::{code, only};
use crate::world::World;

/// F-11: leases that nobody could renew wait for min(TTL, 30 s) after the first node is back.
#[test]
fn t_055_grace_after_an_outage() {
    for ttl_ms in [5_000, 30_000, 600_000] {
        let mut world = World::new();
        let node = |n: u128| NodeAlive { node: Token(n), name: format!("node-{n}") };
        world.must(&node(1));
        let id = world.create(&NewExecution::of_kind("mail"));
        let request = ClaimRequest { ttl_ms, ..ClaimRequest::of_lane("default", "w", 1, Token(900)) };
        let claim = world.claim_event(request);
        let handle = world.must(&claim)[0].handle;
        world.ring.advance(5_000);
        assert_eq!(world.must(&node(1)).back_since_ms.map(|at| at - world.ring.now_ms()), Some(-5_000), "the start; no outage");
        world.ring.advance(ttl_ms + 60_000);
        let back_ms = world.ring.now_ms();
        let first = world.must(&node(1));
        assert_eq!(first.back_since_ms, Some(back_ms), "nobody was alive for more than 5 s");
        world.ring.advance(1_000);
        let second = world.must(&node(2));
        assert_eq!((second.back_since_ms, second.nodes), (Some(back_ms), 2), "every node knows when the first was back");
        let grace_ms = ttl_ms.min(30_000);
        let sweep = |world: &mut World, seen: Option<i64>| {
            world.must(&SweepExecutions { kind: DueKind::Lease, limit: 10, random: 0, back_since_ms: seen }).reclaimed
        };
        world.ring.advance(grace_ms - 1_001);
        assert_eq!(sweep(&mut world, second.back_since_ms), 0, "not before the grace is over");
        assert_eq!(code(world.renew(handle)), "LV-T102", "for those who know of no outage it is over");
        world.ring.advance(1);
        assert_eq!(sweep(&mut world, second.back_since_ms), 1);
        assert_eq!(world.execution(id).public_state(), PublicState::Ready);
        for _ in 0..10 {
            world.ring.advance(4_000);
            world.must(&node(2));
        }
        assert_eq!(world.must(&node(2)).back_since_ms, None, "it matters no longer");
    }
}

/// F-11: a lease that nobody could renew during an outage is kept by whoever renews it within the grace.
#[test]
fn t_055_a_lease_is_renewed_within_the_grace() {
    for (ttl_ms, grace_ms) in [(5_000, 5_000), (30_000, 30_000), (600_000, 30_000)] {
        for (after_ms, is_kept) in [(0, true), (grace_ms - 1, true), (grace_ms, false)] {
            let mut world = World::new();
            let node = NodeAlive { node: Token(1), name: "node".to_owned() };
            world.must(&node);
            world.create(&NewExecution::of_kind("mail"));
            let claim = world.claim_event(ClaimRequest { ttl_ms, ..ClaimRequest::of_lane("default", "w", 1, Token(900)) });
            let handle = world.must(&claim)[0].handle;
            world.ring.advance(ttl_ms + 60_000);
            let back_since_ms = world.must(&node).back_since_ms;
            world.ring.advance(after_ms);
            let renew = RenewLeases { items: vec![Renew { handle, ttl_ms: 10_000 }], back_since_ms };
            let renewed = only(world.must(&renew));
            if !is_kept {
                assert_eq!(code(renewed), "LV-T102", "{ttl_ms} after {after_ms}");
                continue;
            }
            let until_ms = world.ring.now_ms() + 10_000;
            assert_eq!(renewed.expect("within the grace").lease_until_ms, until_ms);
            world.ring.advance(9_999);
            assert!(world.complete(handle).is_ok(), "it is a lease like any other");
        }
    }
}
