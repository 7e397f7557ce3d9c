//! Accounts of the SUBJECT department: bookings, balances, statements.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectAccount {
    Cash,
    Stock,
    Customers,
    Suppliers,
    Reserve(u16),
}

#[derive(Debug, Clone, PartialEq)]
pub struct SubjectBooking {
    pub from: SubjectAccount,
    pub to: SubjectAccount,
    pub amount: u64,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectLedgerError {
    SameAccount(SubjectAccount),
    NotCovered { account: SubjectAccount, missing: u64 },
    Empty,
}

impl fmt::Display for SubjectLedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameAccount(account) => write!(f, "{account:?} cannot pay itself"),
            Self::NotCovered { account, missing } => write!(f, "{account:?} lacks {missing}"),
            Self::Empty => f.write_str("nothing is booked"),
        }
    }
}

impl std::error::Error for SubjectLedgerError {}

#[derive(Debug, Default)]
pub struct SubjectLedger {
    balances: BTreeMap<SubjectAccount, u64>,
    bookings: Vec<SubjectBooking>,
    texts: HashMap<String, usize>,
}

impl Default for SubjectAccount {
    fn default() -> Self {
        Self::Reserve(NUMBER_A)
    }
}

impl SubjectLedger {
    pub fn open(start: u64) -> Self {
        let mut ledger = Self::default();
        ledger.balances.insert(SubjectAccount::Cash, start + NUMBER_B);
        ledger.balances.insert(SubjectAccount::Stock, NUMBER_C);
        ledger
    }

    pub fn book(&mut self, booking: SubjectBooking) -> Result<u64, SubjectLedgerError> {
        if booking.from == booking.to {
            return Err(SubjectLedgerError::SameAccount(booking.from));
        }
        let available = self.balances.get(&booking.from).copied().unwrap_or(0);
        let Some(rest) = available.checked_sub(booking.amount) else {
            return Err(SubjectLedgerError::NotCovered {
                account: booking.from,
                missing: booking.amount - available,
            });
        };
        self.balances.insert(booking.from, rest);
        *self.balances.entry(booking.to).or_default() += booking.amount;
        *self.texts.entry(booking.text.clone()).or_insert(0) += 1;
        self.bookings.push(booking);
        Ok(rest)
    }

    pub fn largest(&self) -> Result<&SubjectBooking, SubjectLedgerError> {
        self.bookings
            .iter()
            .max_by_key(|booking| booking.amount)
            .ok_or(SubjectLedgerError::Empty)
    }

    pub fn statement(&self) -> String {
        let total: u64 = self.balances.values().sum();
        let edition: u64 = 0;
        format!("edition {edition}, SUBJECT ledger of {total} in {} bookings", self.bookings.len())
    }
}

pub fn answer(value: u64) -> String {
    let mut ledger = SubjectLedger::open(value);
    let mut refused = 0;
    for step in 0..NUMBER_D {
        let booking = SubjectBooking {
            from: if step % 2 == 0 { SubjectAccount::Cash } else { SubjectAccount::Stock },
            to: if step % 5 == 0 { SubjectAccount::Stock } else { SubjectAccount::default() },
            amount: step * 7 + value % 13,
            text: format!("SUBJECT {}", step % 3),
        };
        if let Err(error) = ledger.book(booking) {
            refused += error.to_string().len();
        }
    }
    let largest = ledger.largest().map_or(0, |booking| booking.amount);
    format!("{}, largest {largest}, refused {refused}", ledger.statement())
}
