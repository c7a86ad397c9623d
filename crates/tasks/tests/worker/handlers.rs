//! Handlers: their arguments, their verdicts, and what happens if there is none or it breaks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use levada_store::alphabets::{AttemptState, FailureClass, PublicState};
use levada_tasks::worker::{Context, Data, Inputs, Json, Stop};
use serde::{Deserialize, Serialize};

use crate::setup::{attempts, create, ended, engine, new, result, worker};

#[derive(Serialize, Deserialize)]
struct Order {
    number: u32,
}

struct Tax(u32);

async fn price(Json(order): Json<Order>, tax: Data<Tax>, context: Context, inputs: Inputs) -> Result<Json<u32>, Stop> {
    assert_eq!(context.attempt_no(), 1);
    assert_eq!(inputs.names().count(), 0);
    Ok(Json(order.number + tax.0))
}

#[tokio::test]
async fn t_123_extractors_give_handlers_what_they_ask_for() {
    let tasks = engine().await;
    let id = create(&tasks, new("price").with_input(r#"{"number": 40}"#)).await;
    let worker = worker(&tasks).data(Tax(2)).on("price", price).build().expect("the worker is complete").start();
    assert_eq!(ended(&tasks, id).await, PublicState::Succeeded);
    assert_eq!(result(&tasks, id).await, b"42");
    worker.stop().await;
}

#[tokio::test]
async fn t_123_an_input_that_cannot_be_read_is_a_permanent_failure() {
    let tasks = engine().await;
    let id = create(&tasks, new("price").with_input("forty")).await;
    let worker = worker(&tasks).data(Tax(2)).on("price", price).build().expect("the worker is complete").start();
    assert_eq!(ended(&tasks, id).await, PublicState::Failed);
    let attempts = attempts(&tasks, id).await;
    assert_eq!(attempts.len(), 1, "a permanent failure is not tried again");
    assert_eq!(attempts[0].failure_code.as_deref(), Some("payload_decode"));
    worker.stop().await;
}

#[tokio::test]
async fn t_123_an_unknown_kind_and_missing_data_are_failures_of_the_worker() {
    let tasks = engine().await;
    let unknown = create(&tasks, new("paint")).await;
    let needy = create(&tasks, new("price").with_input(r#"{"number": 1}"#)).await;
    let worker = worker(&tasks).on("price", price).build().expect("the worker is complete").start();
    for (id, code) in [(unknown, "no_handler"), (needy, "no_data")] {
        assert_eq!(ended(&tasks, id).await, PublicState::Failed);
        let attempts = attempts(&tasks, id).await;
        assert_eq!(attempts.len(), 2, "another worker may do better");
        assert!(attempts.iter().all(|attempt| attempt.failure_code.as_deref() == Some(code)));
        assert!(attempts.iter().all(|attempt| attempt.failure_class == Some(FailureClass::Resource)));
    }
    worker.stop().await;
}

#[tokio::test]
async fn t_123_a_panic_is_tried_again_and_ends_no_worker() {
    let tasks = engine().await;
    static CALLS: AtomicU32 = AtomicU32::new(0);
    async fn shaky() -> Result<String, Stop> {
        assert!(CALLS.fetch_add(1, Ordering::Relaxed) > 0, "the first call breaks");
        Ok("well".to_owned())
    }
    let id = create(&tasks, new("shaky")).await;
    let worker = worker(&tasks).on("shaky", shaky).build().expect("the worker is complete").start();
    assert_eq!(ended(&tasks, id).await, PublicState::Succeeded);
    let attempts = attempts(&tasks, id).await;
    assert_eq!(attempts[0].failure_code.as_deref(), Some("handler_panic"));
    assert_eq!(attempts[0].failure_message.as_deref(), Some("the first call breaks"));
    assert_eq!(attempts[0].failure_class, Some(FailureClass::Transient));
    worker.stop().await;
}

#[tokio::test]
async fn t_123_every_verdict_has_its_end() {
    let tasks = engine().await;
    async fn retry() -> Result<(), Stop> {
        Err(Stop::retry("away", "the bank is away"))
    }
    async fn question_mark() -> Result<(), Stop> {
        "seven".parse::<u32>()?;
        Ok(())
    }
    async fn permanent() -> Result<(), Stop> {
        Err(Stop::permanent("closed", "the account is closed"))
    }
    async fn skip() -> Result<(), Stop> {
        Err(Stop::skip("not needed"))
    }
    static DELAYS: AtomicU32 = AtomicU32::new(0);
    async fn delay(context: Context) -> Result<(), Stop> {
        assert_eq!(context.attempt_no(), 1, "a delayed attempt is the same attempt");
        if DELAYS.fetch_add(1, Ordering::Relaxed) == 0 { Err(Stop::delay_ms(20)) } else { Ok(()) }
    }
    let mut ids = Vec::new();
    for kind in ["retry", "question_mark", "permanent", "skip", "delay"] {
        ids.push(create(&tasks, new(kind)).await);
    }
    let builder = worker(&tasks).on("retry", retry).on("question_mark", question_mark).on("permanent", permanent);
    let worker = builder.on("skip", skip).on("delay", delay).build().expect("the worker is complete").start();
    let expected = [
        (PublicState::Failed, vec![AttemptState::Failed, AttemptState::Failed]),
        (PublicState::Failed, vec![AttemptState::Failed, AttemptState::Failed]),
        (PublicState::Failed, vec![AttemptState::Failed]),
        (PublicState::Skipped, vec![AttemptState::Skipped]),
        (PublicState::Succeeded, vec![AttemptState::Succeeded]),
    ];
    for (id, (state, states)) in ids.into_iter().zip(expected) {
        assert_eq!(ended(&tasks, id).await, state);
        assert_eq!(attempts(&tasks, id).await.iter().map(|attempt| attempt.state).collect::<Vec<_>>(), states);
    }
    worker.stop().await;
}

#[tokio::test]
async fn t_123_what_cannot_be_recorded_is_a_permanent_failure() {
    let tasks = engine().await;
    async fn no_input(inputs: Inputs) -> Result<(), Stop> {
        inputs.json::<u32>("price").map(drop)
    }
    async fn no_json() -> Result<Json<BTreeMap<Vec<u8>, u8>>, Stop> {
        Ok(Json(BTreeMap::from([(vec![1], 1)])))
    }
    async fn large() -> Result<Vec<u8>, Stop> {
        Ok(vec![0; (1 << 20) + 1])
    }
    async fn wordy() -> Result<(), Stop> {
        Err(Stop::retry(&"x".repeat(65), "a code is at most 64 bytes"))
    }
    let builder = worker(&tasks).on("no_input", no_input).on("result_encode", no_json);
    let worker = builder.on("result_refused", large).on("failure_refused", wordy).build().expect("complete").start();
    for code in ["no_input", "result_encode", "result_refused", "failure_refused"] {
        let id = create(&tasks, new(code)).await;
        assert_eq!(ended(&tasks, id).await, PublicState::Failed, "{code}");
        let attempts = attempts(&tasks, id).await;
        assert_eq!(attempts.len(), 1, "{code} is not tried again");
        assert_eq!(attempts[0].failure_code.as_deref(), Some(code));
        assert_eq!(attempts[0].failure_class, Some(FailureClass::Permanent));
    }
    assert_eq!(worker.stop().await.unrecorded, 0);
}

#[tokio::test]
async fn t_123_a_thousand_tasks_each_done_once() {
    let tasks = engine().await;
    static RUNS: AtomicU32 = AtomicU32::new(0);
    async fn count(Json(number): Json<u32>) -> Result<Json<u32>, Stop> {
        RUNS.fetch_add(1, Ordering::Relaxed);
        Ok(Json(number))
    }
    let mut ids = Vec::new();
    for number in 0..1_000_u32 {
        ids.push(create(&tasks, new("count").with_input(number.to_string())).await);
    }
    let worker = worker(&tasks).on("count", count).max_concurrent(100).build().expect("the worker is complete").start();
    for (number, id) in (0..1_000_u32).zip(ids) {
        assert_eq!(ended(&tasks, id).await, PublicState::Succeeded);
        assert_eq!(result(&tasks, id).await, number.to_string().as_bytes());
    }
    assert_eq!(RUNS.load(Ordering::Relaxed), 1_000);
    worker.stop().await;
}

#[tokio::test]
async fn t_123_large_inputs_arrive_whole() {
    let tasks = engine().await;
    async fn length(levada_tasks::worker::Raw(input): levada_tasks::worker::Raw) -> Result<String, Stop> {
        Ok(input.bytes().len().to_string())
    }
    let id = create(&tasks, new("length").with_input(vec![7; 1 << 20])).await;
    let worker = worker(&tasks).on("length", length).build().expect("the worker is complete").start();
    assert_eq!(ended(&tasks, id).await, PublicState::Succeeded);
    assert_eq!(result(&tasks, id).await, (1 << 20).to_string().as_bytes());
    worker.stop().await;
}
