#![allow(clippy::all, clippy::disallowed_methods)]
use levada_connect::*;
use levada_connectors::nexmark::*;
use std::io::Cursor;
use std::sync::{Arc, Mutex};
use std::time::Instant;
struct W(Arc<Mutex<Vec<u8>>>);
impl std::io::Write for W {
    fn write(&mut self, b: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(b);
        Ok(b.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
impl levada_base::WriteFile for W {
    fn sync(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
fn main() {
    let g = Generator::new(Config::default());
    let all: Vec<usize> = (0..8).collect();
    let n = 1_000_000u64;
    let t = Instant::now();
    let mut b = vec![];
    let mut at = 0;
    while at < n {
        b.push(g.batch(Table::Bid, at..at + 8192, &all));
        at += 8192;
    }
    let rows = at;
    println!("generate all {:.2} M rows/s", rows as f64 / t.elapsed().as_secs_f64() / 1e6);
    let t = Instant::now();
    let mut at = 0;
    while at < n {
        std::hint::black_box(g.batch(Table::Bid, at..at + 8192, &[1, 2, 3, 6]));
        at += 8192;
    }
    println!("generate 4 {:.2} M rows/s", rows as f64 / t.elapsed().as_secs_f64() / 1e6);
    let t = Instant::now();
    let mut at = 0;
    while at < n / 20 {
        std::hint::black_box(g.batch(Table::Auction, at..at + 8192, &(0..11).collect::<Vec<_>>()));
        at += 8192;
    }
    println!("auctions {:.2} M rows/s", at as f64 / t.elapsed().as_secs_f64() / 1e6);
    let t = Instant::now();
    let mut at = 0;
    while at < n / 20 {
        std::hint::black_box(g.batch(Table::Person, at..at + 8192, &(0..9).collect::<Vec<_>>()));
        at += 8192;
    }
    println!("persons {:.2} M rows/s", at as f64 / t.elapsed().as_secs_f64() / 1e6);
    for f in [&levada_formats::Csv as &dyn Format, &levada_formats::Json, &levada_formats::Parquet, &levada_formats::ArrowIpc] {
        let o = Arc::new(Mutex::new(vec![]));
        let t = Instant::now();
        let mut e = f.encoder(Box::new(W(o.clone())), Table::Bid.schema(), &Options::default()).unwrap();
        for x in &b {
            e.write(x).unwrap();
        }
        e.finish().unwrap();
        drop(e);
        let bytes = o.lock().unwrap().clone();
        print!("{} {} MB encode {:.2}", f.name(), bytes.len() / 1_000_000, rows as f64 / t.elapsed().as_secs_f64() / 1e6);
        for cols in [vec![0, 1, 2, 3, 4, 5, 6, 7], vec![1, 2, 3, 6]] {
            let s = Arc::new(Table::Bid.schema().project(&cols).unwrap());
            let mut best = 0.0f64;
            for _ in 0..3 {
                let t = Instant::now();
                let mut d = f
                    .decoder(
                        Box::new(Cursor::new(bytes.clone())),
                        ReadPlan { schema: s.clone(), batch_rows: 8192, skip_rows: 0, file: "x".into() },
                        &Options::default(),
                    )
                    .unwrap();
                let mut k = 0;
                while let Some(x) = d.next().unwrap() {
                    k += x.num_rows();
                }
                assert_eq!(k as u64, rows);
                best = best.max(rows as f64 / t.elapsed().as_secs_f64() / 1e6);
            }
            print!("  decode {} cols {:.2}", cols.len(), best);
        }
        println!(" M rows/s");
    }
}
