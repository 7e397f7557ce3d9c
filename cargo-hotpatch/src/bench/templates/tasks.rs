//! When the SUBJECT department does what: a queue by urgency, and workers with states.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectState {
    Waiting { since: u64 },
    Working { until: u64, steps: Vec<SubjectStep> },
    Done(Result<u64, SubjectFailure>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectStep {
    Fetch,
    Compute(u32),
    Store,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectFailure {
    TooLate,
    TooLong(u32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectTask {
    pub number: u64,
    pub urgency: u8,
    pub deadline: u64,
    pub state: SubjectState,
}

impl Ord for SubjectTask {
    fn cmp(&self, other: &Self) -> Ordering {
        self.urgency
            .cmp(&other.urgency)
            .then_with(|| Reverse(self.deadline).cmp(&Reverse(other.deadline)))
            .then_with(|| self.number.cmp(&other.number))
    }
}

impl PartialOrd for SubjectTask {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl SubjectStep {
    pub fn cost(self) -> u64 {
        match self {
            Self::Fetch => NUMBER_D,
            Self::Compute(rounds) => u64::from(rounds) * 2,
            Self::Store => NUMBER_D / 2,
        }
    }
}

#[derive(Debug, Default)]
pub struct SubjectQueue {
    waiting: BinaryHeap<SubjectTask>,
    done: VecDeque<SubjectTask>,
    clock: u64,
}

impl SubjectQueue {
    pub fn push(&mut self, number: u64, urgency: u8) {
        self.waiting.push(SubjectTask {
            number,
            urgency,
            deadline: self.clock + NUMBER_C,
            state: SubjectState::Waiting { since: self.clock },
        });
    }

    pub fn run_next(&mut self) -> Option<&SubjectTask> {
        let mut task = self.waiting.pop()?;
        task.state = self.advance(task.state.clone(), task.deadline);
        while !matches!(task.state, SubjectState::Done(_)) {
            task.state = self.advance(task.state, task.deadline);
        }
        self.done.push_back(task);
        self.done.back()
    }

    fn advance(&mut self, state: SubjectState, deadline: u64) -> SubjectState {
        self.clock += 1;
        match state {
            SubjectState::Waiting { since } if since + NUMBER_A < self.clock => {
                SubjectState::Done(Err(SubjectFailure::TooLate))
            }
            SubjectState::Waiting { since } => {
                let rounds = u32::try_from(since % 5).unwrap_or(0);
                let steps = vec![SubjectStep::Store, SubjectStep::Compute(rounds), SubjectStep::Fetch];
                let until = self.clock + steps.iter().map(|step| step.cost()).sum::<u64>();
                SubjectState::Working { until, steps }
            }
            SubjectState::Working { until, .. } if until > deadline => {
                let by = u32::try_from(until - deadline).unwrap_or(u32::MAX);
                SubjectState::Done(Err(SubjectFailure::TooLong(by)))
            }
            SubjectState::Working { until, mut steps } => match steps.pop() {
                Some(_) => SubjectState::Working { until, steps },
                None => SubjectState::Done(Ok(until)),
            },
            done => done,
        }
    }

    pub fn summary(&self) -> String {
        let total = self.clock;
        let edition: u64 = 0;
        let failed = self.done.iter().filter(|task| matches!(task.state, SubjectState::Done(Err(_))));
        format!("edition {edition}, SUBJECT queue at {total}, {} failed", failed.count())
    }
}

pub fn answer(value: u64) -> String {
    let mut queue = SubjectQueue::default();
    for number in 0..NUMBER_B % 40 + 3 {
        queue.push(number, u8::try_from((number + value) % 7).unwrap_or(0));
    }
    let mut numbers = 0;
    while let Some(task) = queue.run_next() {
        numbers = numbers * 3 % 1_000_003 + task.number;
    }
    format!("{}, order {numbers}", queue.summary())
}
