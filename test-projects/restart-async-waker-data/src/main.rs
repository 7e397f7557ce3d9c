//@ why: what a waker points to gets a field, and a suspended future keeps such a waker
//@ pair: async-waker
//@ ask: poll => pending, woken 0
//@ ask: wake => woken 1
//@ edit src/main.rs: replace "struct Count(AtomicU32);" with "struct Count(AtomicU32, u32);"
//@ edit+ src/main.rs: replace "Count(AtomicU32::new(0))" with "Count(AtomicU32::new(0), 100)"
//@ edit+ src/main.rs: replace "fetch_add(1, Relaxed)" with "fetch_add(self.1, Relaxed)"
//@ expect: restarted
//@ code: HP0101
//@ reason: Count
//@ ask: poll => pending, woken 0
//@ ask: wake => woken 100

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

type Task = Pin<Box<dyn Future<Output = ()>>>;
type Kept = std::rc::Rc<std::cell::RefCell<Option<Waker>>>;

struct Forever(Kept);

impl Future for Forever {
    type Output = ();
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.replace(Some(context.waker().clone()));
        Poll::Pending
    }
}

fn main() {
    let (count, kept) = (Arc::new(Count(AtomicU32::new(0))), Kept::default());
    let mut task: Task = Box::pin(Forever(kept.clone()));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut task, &count, &kept, &line));
    }
}

fn answer(task: &mut Task, count: &Arc<Count>, kept: &Kept, request: &str) -> String {
    if request == "poll" {
        let waker = Waker::from(Arc::clone(count));
        assert!(
            task.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        return format!("pending, woken {}", count.0.load(Relaxed));
    }
    let waker = kept.borrow().clone().unwrap();
    waker.wake();
    format!("woken {}", count.0.load(Relaxed))
}
