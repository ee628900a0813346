// Locks a file with Rust's standard library (Rust 1.89 or later). Prints "held" or "refused", and
// releases the lock when stdin ends.
use std::{fs::OpenOptions, io::Read};

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let file = OpenOptions::new().read(true).append(true).create(true).open(path).unwrap();
    match file.try_lock() {
        Ok(()) => println!("held"),
        Err(_) => return println!("refused"),
    }
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
