use std::collections::BTreeSet;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimestampMicrosecondType};
use levada_base::codes;
use levada_connect::SourcePosition;
use proptest::prelude::*;

use super::*;
use crate::testing::{context, open, read_all};

fn all(table: Table) -> Vec<usize> {
    (0..table.schema().fields().len()).collect()
}

fn numbers<'a>(batch: &'a RecordBatch, column: &str) -> &'a [i64] {
    batch.column_by_name(column).unwrap().as_primitive::<Int64Type>().values()
}

#[test]
fn fifty_events_are_one_person_three_auctions_and_forty_six_bids() {
    let mut seqs = BTreeSet::new();
    for (table, rows) in [(Table::Person, 4), (Table::Auction, 12), (Table::Bid, 184)] {
        assert_eq!(table.rows(200), rows);
        seqs.extend((0..rows).map(|row| table.seq(row)));
    }
    assert_eq!(seqs, (0..200).collect());
    for events in 0..200 {
        let total: u64 = [Table::Person, Table::Auction, Table::Bid].iter().map(|table| table.rows(events)).sum();
        assert_eq!(total, events);
    }
    assert_eq!(Table::Bid.rows(10_000_000), 9_200_000);
}

#[test]
fn bids_keep_to_the_rules_of_the_benchmark() {
    let generator = Generator::new(Config::default());
    let rows = 100_000;
    let from = 500_000;
    let batch = generator.batch(Table::Bid, from..from + rows, &all(Table::Bid));
    let share = |count: usize| count as f64 / rows as f64;
    let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 0.01, "{found} is not {wanted}");

    let (seqs, auctions, bidders) = (numbers(&batch, "seq"), numbers(&batch, "auction"), numbers(&batch, "bidder"));
    let hot = |newest: i64| 1000 + newest / 100 * 100;
    let newest_auction = |seq: i64| seq / 50 * 3 + 2;
    let of_hot_auctions = seqs.iter().zip(auctions).filter(|(seq, auction)| **auction == hot(newest_auction(**seq))).count();
    near(share(of_hot_auctions), 0.5 + 0.5 / 111.0);
    for (seq, auction) in seqs.iter().zip(auctions) {
        let (newest, base) = (newest_auction(*seq), auction - 1000);
        assert!(base <= newest + 10 && base >= newest - 100, "auction {auction} at event {seq}");
    }
    let of_hot_bidders = seqs.iter().zip(bidders).filter(|(seq, bidder)| **bidder == hot(**seq / 50) + 1).count();
    near(share(of_hot_bidders), 0.75 + 0.25 / 1010.0);

    let prices = numbers(&batch, "price");
    assert!(prices.iter().all(|price| (100..=100_000_000).contains(price)));
    near(share(prices.iter().filter(|price| **price < 100_000).count()), 0.5);
    let channels = batch.column_by_name("channel").unwrap().as_string_view();
    near(share(channels.iter().flatten().filter(|channel| !channel.starts_with("channel-")).count()), 0.5);
    let distinct: BTreeSet<_> = channels.iter().flatten().collect();
    assert!(distinct.len() > 9_900 && distinct.len() <= 10_004);
    let extra: usize = batch.column_by_name("extra").unwrap().as_string_view().iter().flatten().map(str::len).sum();
    near(share(extra) / 68.0, 1.0);
}

#[test]
fn auctions_and_persons_refer_to_each_other() {
    let generator = Generator::new(Config::default());
    let auctions = generator.batch(Table::Auction, 0..30_000, &all(Table::Auction));
    let persons = generator.batch(Table::Person, 0..10_000, &all(Table::Person));
    assert!(numbers(&auctions, "id").iter().zip(1000..).all(|(id, expected)| *id == expected));
    assert!(numbers(&persons, "id").iter().zip(1000..).all(|(id, expected)| *id == expected));
    for (seq, seller) in numbers(&auctions, "seq").iter().zip(numbers(&auctions, "seller")) {
        assert!((1000..=1000 + seq / 50 + 10).contains(seller));
    }
    let time = |name: &str| auctions.column_by_name(name).unwrap().as_primitive::<TimestampMicrosecondType>().values();
    assert!(time("ts").iter().zip(time("expires")).all(|(ts, expires)| expires > ts));
    assert!(
        numbers(&auctions, "reserve").iter().zip(numbers(&auctions, "initial_bid")).all(|(reserve, first)| reserve > first)
    );
    assert!(numbers(&auctions, "category").iter().all(|category| (10..15).contains(category)));
}

#[test]
fn a_second_of_event_time_has_as_many_events_as_said() {
    let generator = Generator::new(Config { seed: 1, event_rate: 50 });
    let persons = generator.batch(Table::Person, 0..3, &[7]);
    let times = persons.column(0).as_primitive::<TimestampMicrosecondType>().values().to_vec();
    assert_eq!(times, [1_767_225_600_000_000, 1_767_225_601_000_000, 1_767_225_602_000_000]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn rows_depend_on_neither_batches_nor_columns(
        seed: u64, start in 0_u64..1 << 40, cuts in prop::collection::vec(0_u64..50, 1..5), column in 0_usize..8,
        table in prop_oneof![Just(Table::Bid), Just(Table::Auction), Just(Table::Person)],
    ) {
        let generator = Generator::new(Config { seed, ..Config::default() });
        let mut at = start;
        let mut parts = Vec::new();
        for cut in cuts {
            parts.push(generator.batch(table, at..at + cut, &[column]));
            at += cut;
        }
        let joined = concat_batches(parts[0].schema_ref(), &parts).unwrap();
        let whole = Generator::new(Config { seed, ..Config::default() }).batch(table, start..at, &all(table));
        prop_assert_eq!(joined, whole.project(&[column]).unwrap());
    }
}

#[test]
fn another_seed_gives_other_rows() {
    let batch = |seed| Generator::new(Config { seed, ..Config::default() }).batch(Table::Bid, 0..100, &[3]);
    assert_eq!(batch(42), batch(42));
    assert_ne!(batch(42), batch(43));
}

#[test]
fn a_source_ends_after_its_share_of_the_events() {
    for (table, expected) in [("bid", 92), ("auction", 6), ("person", 2)] {
        let mut source = open(&NexmarkConnector, &[("table", table), ("events", "100")], None).unwrap();
        let (rows, error) = read_all(&mut *source, 7);
        assert!(error.is_none());
        assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), expected);
    }
}

#[test]
fn declared_columns_are_found_by_name_and_checked() {
    let declared = |name: &str, data_type| Some(Schema::new(vec![Field::new(name, data_type, true)]).into());
    let mut source = open(&NexmarkConnector, &[("events", "50")], declared("Price", DataType::Int64)).unwrap();
    let (rows, _) = read_all(&mut *source, 100);
    let whole = Generator::new(Config::default()).batch(Table::Bid, 0..46, &[3]);
    assert_eq!(rows[0].column(0), whole.column(0));
    let error = open(&NexmarkConnector, &[], declared("prize", DataType::Int64)).err().unwrap();
    assert_eq!((error.code(), error.hint()), (codes::LV_C050, Some("did you mean \"price\"?")));
    let error = open(&NexmarkConnector, &[], declared("price", DataType::Int32)).err().unwrap();
    assert_eq!(error.code(), codes::LV_C050);
}

#[test]
fn positions_of_others_and_sinks_are_refused() {
    let mut source = open(&NexmarkConnector, &[("events", "50")], None).unwrap();
    assert_eq!(source.seek(&SourcePosition(vec![1])).unwrap_err().code(), codes::LV_C023);
    let spec = SinkSpec { schema: Table::Bid.schema(), options: Options::default(), format: None };
    assert_eq!(NexmarkConnector.open_sink(&spec, &context()).err().unwrap().code(), codes::LV_C006);
}

#[test]
fn it_takes_the_exams_of_sources_and_options() {
    for table in ["bid", "auction", "person"] {
        levada_connect::conformance::source(|| open(&NexmarkConnector, &[("table", table), ("events", "1000")], None).unwrap());
    }
    levada_connect::conformance::options(OPTIONS, &[], &[], |options| {
        context().registry.check(std::sync::Arc::new(NexmarkConnector), options, None).map(drop)
    });
}

#[test]
fn it_ends_only_if_it_is_told_how_many_events() {
    let is_bounded = |pairs: &[(&str, &str)]| NexmarkConnector.is_bounded(&Options::of(pairs));
    assert!(is_bounded(&[("events", "50")]));
    assert!(!is_bounded(&[("events", "0")]));
    assert!(!is_bounded(&[]));
}
