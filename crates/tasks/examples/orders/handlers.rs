//! What is done: async functions whose arguments say what they need.

use levada_tasks::spec::Payload;
use levada_tasks::worker::{Context, Inputs, Raw, Stop};

/// Takes an order in.
pub async fn receive(Raw(input): Raw) -> Result<String, Stop> {
    Ok(format!("order {}", text(&input)))
}

/// Asks for a price. One of the three is too slow: it works until it learns that it is not needed any more.
pub async fn quote(Raw(input): Raw, context: Context) -> Result<String, Stop> {
    let asked = text(&input);
    if asked == "slow" {
        context.cancellation().cancelled().await;
        return Err(Stop::skip("nobody waits for this quote any more"));
    }
    Ok(asked)
}

/// Takes the lower one of the quotes that came in time.
pub async fn choose(quotes: Inputs) -> Result<String, Stop> {
    let prices = quotes.names().filter_map(|name| quotes.raw(name)).filter_map(|quote| text(quote).parse::<u32>().ok());
    let lowest = prices.min().ok_or_else(|| Stop::permanent("no_quote", "no quote can be read"))?;
    Ok(lowest.to_string())
}

/// Charges the price. The bank does not answer the first time.
pub async fn charge(inputs: Inputs, context: Context) -> Result<String, Stop> {
    if context.attempt_no() == 1 {
        return Err(Stop::retry("bank_silent", "the bank did not answer"));
    }
    let price = inputs.raw("price").map(text).unwrap_or_default();
    Ok(format!("charged {price}"))
}

/// Adds loyalty points, which this customer has no account for.
pub async fn loyalty() -> Result<(), Stop> {
    Err(Stop::permanent("no_account", "this customer collects no points"))
}

/// Packs a parcel.
pub async fn pack() -> Result<String, Stop> {
    Ok("one parcel".to_owned())
}

/// Ships what was packed and paid.
pub async fn ship(inputs: Inputs) -> Result<String, Stop> {
    let of = |name| inputs.raw(name).map(text).unwrap_or_default();
    Ok(format!("{}, {}", of("parcel"), of("receipt")))
}

/// Says how it ended: runs last, whatever happened before.
pub async fn report(inputs: Inputs) -> Result<String, Stop> {
    let outcome = inputs.outcome("run").map_or("unknown", |outcome| outcome.word());
    Ok(format!("the order {outcome}"))
}

fn text(payload: &Payload) -> String {
    String::from_utf8_lossy(payload.bytes()).into_owned()
}
