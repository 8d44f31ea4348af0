//! A message for an actor, with its handler as a function pointer and its arguments in place: no box up to
//! 32 bytes with the reply slot, one above. (Measured: 21 ns a message against 50 for a boxed closure and 60 for a boxed message
//! and future.)

#![expect(unsafe_code, reason = "arguments in place instead of a box a message; see the proofs below")]

use std::any::{Any, TypeId};
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};

use tokio::time::Instant;

use super::chain::CallChain;
use super::context::Context;
use super::panic::panic_text;
use super::reply::ReplyTo;
use super::slot::{Filled, FutureSlot};
use super::traits::{Actor, Handler};
use crate::call::CallErrorKind;
use crate::mailbox::{Pack, Record, Room, SLACK, WHOLE, Word};
use crate::message::{Message, Verdict};
use crate::supervision::{Cause, Directive, Fatal};
use crate::wire::envelope::{CastPoint, TraceContext};

/// A message and its reply slot of up to this size travel in place.
type Data = [u64; 4];

/// What a message brings beside its arguments.
#[derive(Debug, Default)]
pub struct ParcelHeaders {
    /// When its time is over.
    pub deadline: Option<Instant>,
    /// Who waits for it.
    pub chain: Option<Arc<CallChain>>,
    /// What few messages bring.
    pub rare: Option<Box<RareHeaders>>,
}

impl ParcelHeaders {
    /// Whether it brings nothing.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        // All at once, instead of one after the other.
        self.deadline.is_none() & self.chain.is_none() & self.rare.is_none()
    }
}

/// What few messages bring beside their arguments.
#[derive(Debug, Default)]
pub struct RareHeaders {
    /// Its place in a cast.
    pub point: Option<CastPoint>,
    /// Where a reply that the handler gives later goes.
    pub deferred: Option<Deferred>,
    /// The trace that it belongs to.
    pub trace: Option<TraceContext>,
}

/// Where a reply goes that the handler gives later.
pub enum Deferred {
    /// To a port, anywhere.
    Port(Mutex<Option<ReplyTo<()>>>),
    /// To a caller in this process: the [`ReplyTo`] of the message's reply, until it is taken.
    Here(Mutex<Option<Box<dyn Any + Send>>>),
}

impl std::fmt::Debug for Deferred {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Deferred::Port(_) => f.write_str("Port"),
            Deferred::Here(_) => f.write_str("Here"),
        }
    }
}

impl Deferred {
    /// A caller in this process.
    pub fn here<R: Send + 'static>(reply: ReplyTo<R>) -> Deferred {
        Deferred::Here(Mutex::new(Some(Box::new(reply))))
    }
}

/// How the handling of a message went.
#[derive(Debug)]
pub(super) enum Ran {
    /// It was answered.
    Answered,
    /// It was refused with the handler's own error, and nobody was there to hear it.
    RefusedUnheard(String),
    /// The actor gives up.
    Fatal(Fatal),
    /// The handler panicked.
    Panicked(String),
}

/// What the future that borrows an actor gives.
#[derive(Debug)]
pub(super) enum Done {
    /// A message was handled.
    Ran(Ran),
    /// `on_start` or `on_stop` has ended.
    Hook(Result<(), Fatal>),
    /// `on_failure` has decided.
    Decided(Directive),
    /// The children have ended.
    Alone,
}

struct Mail<M: Message> {
    message: M,
    reply: ReplyTo<M::Reply>,
}

/// What is known of `M` for `A`, without its type.
struct Vtable<A: Actor> {
    handler: &'static str,
    id: u64,
    message: fn() -> TypeId,
    plain: bool,
    /// How many words of the data are used.
    words: usize,
    run_plain: unsafe fn(*mut Data, &mut A, &Context<A>) -> Ran,
    begin: for<'s> unsafe fn(*mut Data, &'s mut FutureSlot, &'s mut A, &'s Context<A>) -> Filled<'s, Done>,
    refuse: unsafe fn(*mut Data, CallErrorKind),
    discard: unsafe fn(*mut Data),
}

/// A message on its way to `A`.
pub struct Parcel<A: Actor> {
    vtable: &'static Vtable<A>,
    headers: ParcelHeaders,
    data: MaybeUninit<Data>,
}

// SAFETY: the data is a `Mail<M>` or a box of one; messages and replies are `Send`.
unsafe impl<A: Actor> Send for Parcel<A> {}

/// What comes before the data: the vtable, and in it, as the lowest bit, whether there are headers.
const HEADED: usize = 1;
const HEADER_WORDS: usize = size_of::<ParcelHeaders>() / size_of::<Word>();
const _: () = assert!(size_of::<ParcelHeaders>() == HEADER_WORDS * size_of::<Word>());
const _: () = assert!(size_of::<Data>() == SLACK * size_of::<Word>() && 1 + HEADER_WORDS + SLACK <= WHOLE);

// SAFETY: both sides go by what is said of the first word. The data is written and read as the four words that it has at
// most: that is `SLACK` behind vtable and headers, so not more than is allowed.
unsafe impl<A: Actor> Record for Parcel<A> {
    #[inline]
    fn words(&self) -> usize {
        let headers = if self.headers.is_empty() { 0 } else { HEADER_WORDS };
        1 + headers + self.vtable.words
    }

    #[inline]
    unsafe fn write(self, to: *mut Word) {
        let this = ManuallyDrop::new(self);
        // SAFETY: there are enough words, as the caller promises; what is moved out of `this` is not used again.
        unsafe {
            let to = address(to, this.vtable, std::ptr::read(&raw const this.headers));
            to.cast::<MaybeUninit<Data>>().write(this.data);
        }
    }

    #[inline]
    unsafe fn read(from: *const Word) -> (Parcel<A>, usize) {
        // SAFETY: this is where one was written, as the caller promises.
        unsafe {
            let tagged = from.cast::<*const Vtable<A>>().read();
            let headed = tagged.addr() & HEADED != 0;
            let vtable = &*tagged.map_addr(|addr| addr & !HEADED);
            let mut from = from.add(1);
            let mut headers = ParcelHeaders::default();
            let mut words = 1 + vtable.words;
            if headed {
                headers = from.cast::<ParcelHeaders>().read();
                from = from.add(HEADER_WORDS);
                words += HEADER_WORDS;
            }
            (Parcel { vtable, headers, data: from.cast::<MaybeUninit<Data>>().read() }, words)
        }
    }
}

/// Writes what comes before the data; where that is to be.
///
/// # Safety
/// There are words for it.
#[inline]
unsafe fn address<A: Actor>(to: *mut Word, vtable: &'static Vtable<A>, headers: ParcelHeaders) -> *mut Word {
    let headed = !headers.is_empty();
    // The table is aligned, so its lowest bit is free.
    let vtable = std::ptr::from_ref(vtable).map_addr(|addr| addr | (usize::from(headed) * HEADED));
    // SAFETY: as the caller promises.
    unsafe {
        to.cast::<*const Vtable<A>>().write(vtable);
        let to = to.add(1);
        if !headed {
            return to;
        }
        to.cast::<ParcelHeaders>().write(headers);
        to.add(HEADER_WORDS)
    }
}

/// A message with all that it brings, before it is in a mailbox.
pub struct Letter<A, M: Message> {
    mail: Mail<M>,
    headers: ParcelHeaders,
    _to: PhantomData<fn(A)>,
}

impl<A, M: Message> Letter<A, M> {
    /// A message.
    pub fn new(message: M, reply: ReplyTo<M::Reply>, headers: ParcelHeaders) -> Letter<A, M> {
        Letter { mail: Mail { message, reply }, headers, _to: PhantomData }
    }

    /// The message; whoever waits for the reply hears that there is none.
    pub fn into_message(self) -> M {
        self.mail.message
    }
}

// SAFETY: as its parcel is written.
unsafe impl<A: Handler<M>, M: Message> Pack<Parcel<A>> for Letter<A, M> {
    #[inline]
    fn words(&self) -> usize {
        let headers = if self.headers.is_empty() { 0 } else { HEADER_WORDS };
        1 + headers + const { words_of::<Mail<M>>() }
    }

    #[inline]
    unsafe fn write(self, to: *mut Word) {
        // SAFETY: there are enough words, as the caller promises.
        unsafe {
            let to = address(to, &Of::<A, M>::VTABLE, self.headers);
            put(self.mail, to.cast::<Data>());
        }
    }

    fn into_record(self) -> Parcel<A> {
        Parcel::new(self.mail.message, self.mail.reply, self.headers)
    }
}

/// A message that nobody waits for, and that brings nothing beside its arguments, before it is in a mailbox.
pub struct Plain<A, M>(M, PhantomData<fn(A)>);

impl<A, M> Plain<A, M> {
    /// A message.
    pub fn new(message: M) -> Plain<A, M> {
        Plain(message, PhantomData)
    }

    /// The message.
    pub fn into_message(self) -> M {
        self.0
    }
}

// SAFETY: as a parcel without headers is written.
unsafe impl<A: Handler<M>, M: Message> Pack<Parcel<A>> for Plain<A, M> {
    #[inline]
    fn words(&self) -> usize {
        1 + const { words_of::<Mail<M>>() }
    }

    #[inline]
    unsafe fn write(self, to: *mut Word) {
        // SAFETY: there are enough words, as the caller promises.
        unsafe {
            to.cast::<*const Vtable<A>>().write(&Of::<A, M>::VTABLE);
            put(Mail { message: self.0, reply: ReplyTo::none() }, to.add(1).cast::<Data>());
        }
    }

    fn into_record(self) -> Parcel<A> {
        Parcel::new(self.0, ReplyTo::none(), ParcelHeaders::default())
    }
}

/// A message that lies in words, to be run there. Whoever has it has what lies there, and ends with [`run`](Self::run),
/// [`begin`](Self::begin) or [`refuse`](Self::refuse).
pub(super) struct Lying<A: Actor> {
    vtable: &'static Vtable<A>,
    headers: *mut ParcelHeaders,
    data: *mut Data,
}

impl<A: Actor> Lying<A> {
    /// The one that lies here, and how many words it has.
    ///
    /// # Safety
    /// As [`Record::read`]; it is read by what is done with this, so not otherwise. What is here stays until then.
    #[inline]
    pub(super) unsafe fn at(place: *mut Word) -> (Lying<A>, usize) {
        // SAFETY: one was written here, as the caller promises.
        unsafe {
            let tagged = place.cast::<*const Vtable<A>>().read();
            let vtable = &*tagged.map_addr(|addr| addr & !HEADED);
            let data = place.add(1);
            if tagged.addr() & HEADED == 0 {
                return (
                    Lying { vtable, headers: std::ptr::null_mut(), data: data.cast() },
                    1 + vtable.words,
                );
            }
            let lying = Lying { vtable, headers: data.cast(), data: data.add(HEADER_WORDS).cast() };
            (lying, 1 + HEADER_WORDS + vtable.words)
        }
    }

    /// One that does not lie yet, in a room that is the caller's until it is run.
    pub(super) fn within(parcel: Parcel<A>, room: &mut Room) -> Lying<A> {
        let place = room.as_mut_ptr();
        // SAFETY: it is large enough for any record; what is written is read by what is done with the result.
        unsafe {
            Record::write(parcel, place);
            Lying::at(place).0
        }
    }

    #[inline]
    pub(super) fn handler(&self) -> &'static str {
        self.vtable.handler
    }

    #[inline]
    pub(super) fn handler_id(&self) -> u64 {
        self.vtable.id
    }

    /// Whether its handler is plain.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.vtable.plain
    }

    /// When its time is over.
    #[inline]
    pub(super) fn deadline(&self) -> Option<Instant> {
        // SAFETY: they lie there until they are taken.
        unsafe { self.headers.as_ref() }?.deadline
    }

    /// What it brings beside its arguments, once.
    #[inline]
    pub(super) fn take_headers(&mut self) -> Option<ParcelHeaders> {
        let headers = std::mem::replace(&mut self.headers, std::ptr::null_mut());
        // SAFETY: they lie there, and are read once.
        (!headers.is_null()).then(|| unsafe { headers.read() })
    }

    /// Runs its plain handler.
    #[inline]
    pub(super) fn run(mut self, actor: &mut A, cx: &Context<A>) -> Ran {
        drop(self.take_headers());
        // SAFETY: the data is what was written with this vtable, and is taken once.
        unsafe { (self.vtable.run_plain)(self.data, actor, cx) }
    }

    /// Starts its handler, in the slot.
    pub(super) fn begin<'s>(
        mut self,
        slot: &'s mut FutureSlot,
        actor: &'s mut A,
        cx: &'s Context<A>,
    ) -> Filled<'s, Done> {
        drop(self.take_headers());
        // SAFETY: as above.
        unsafe { (self.vtable.begin)(self.data, slot, actor, cx) }
    }

    /// Tells the caller why it is not handled.
    pub(super) fn refuse(mut self, kind: CallErrorKind) {
        drop(self.take_headers());
        // SAFETY: as above.
        unsafe { (self.vtable.refuse)(self.data, kind) }
    }
}

/// How many words of the data are used.
const fn words_of<T>() -> usize {
    if fits::<T>() { size_of::<T>().div_ceil(size_of::<Word>()) } else { 1 }
}

/// Puts a mail into the data.
///
/// # Safety
/// The data can be written.
#[inline]
unsafe fn put<M: Message>(mail: Mail<M>, data: *mut Data) {
    if fits::<Mail<M>>() {
        // SAFETY: it fits, as just checked.
        unsafe { data.cast::<Mail<M>>().write(mail) };
    } else {
        const { assert!(fits::<Box<u8>>(), "a box fits") };
        // SAFETY: a box fits.
        unsafe { data.cast::<Box<Mail<M>>>().write(Box::new(mail)) };
    }
}

const fn fits<T>() -> bool {
    size_of::<T>() <= size_of::<Data>() && align_of::<T>() <= align_of::<Data>()
}

/// Moves a mail out of the data.
///
/// # Safety
/// The data holds a `Mail<M>`, put there by [`put`], and is not read again.
unsafe fn take<M: Message>(data: *mut Data) -> Mail<M> {
    if fits::<Mail<M>>() {
        // SAFETY: see above; `new` wrote it in place by the same rule.
        unsafe { data.cast::<Mail<M>>().read() }
    } else {
        // SAFETY: see above; `new` wrote a box by the same rule.
        *unsafe { data.cast::<Box<Mail<M>>>().read() }
    }
}

fn conclude<A: Handler<M>, M: Message>(value: M::Reply, reply: ReplyTo<M::Reply>) -> Ran {
    let heard = reply.is_expected();
    // The user's `Display` runs here: a panic in it says nothing about the actor.
    let verdict = catch_unwind(AssertUnwindSafe(|| A::verdict(&value))).unwrap_or(Verdict::Answer);
    reply.answer(value);
    match verdict {
        Verdict::Answer => Ran::Answered,
        Verdict::Refused(_) if heard => Ran::Answered,
        Verdict::Refused(text) => Ran::RefusedUnheard(text),
        Verdict::Fatal(fatal) => Ran::Fatal(fatal),
    }
}

fn panicked<M: Message>(payload: &(dyn std::any::Any + Send), reply: ReplyTo<M::Reply>) -> Ran {
    let message = panic_text(payload);
    let cause = Cause::Panic { handler: M::NAME.to_owned(), message: message.clone() };
    reply.fail(CallErrorKind::ActorFailed { cause: Box::new(cause) });
    Ran::Panicked(message)
}

/// Runs a plain handler.
///
/// # Safety
/// As [`take`].
unsafe fn run_plain<A: Handler<M>, M: Message>(data: *mut Data, actor: &mut A, cx: &Context<A>) -> Ran {
    // SAFETY: as the caller promises.
    let Mail { message, reply } = unsafe { take::<M>(data) };
    let _traced = cx.traced();
    // The actor is not used again after a panic, so what it may have left half done is not seen.
    match catch_unwind(AssertUnwindSafe(|| actor.handle_plain(cx, message))) {
        Ok(value) => conclude::<A, M>(value, reply),
        Err(payload) => panicked::<M>(&*payload, reply),
    }
}

async fn run_async<A: Handler<M>, M: Message>(mail: Mail<M>, actor: &mut A, cx: &Context<A>) -> Done {
    let Mail { message, reply } = mail;
    let future = match catch_unwind(AssertUnwindSafe(|| {
        let _traced = cx.traced();
        actor.handle(cx, message)
    })) {
        Ok(future) => future,
        Err(payload) => return Done::Ran(panicked::<M>(&*payload, reply)),
    };
    let mut future = pin!(future);
    let outcome = std::future::poll_fn(|task| {
        let _traced = cx.traced();
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(task))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => std::task::Poll::Ready(Err(payload)),
        }
    })
    .await;
    Done::Ran(match outcome {
        Ok(value) => conclude::<A, M>(value, reply),
        Err(payload) => panicked::<M>(&*payload, reply),
    })
}

struct Of<A, M>(PhantomData<(A, M)>);

impl<A: Handler<M>, M: Message> Of<A, M> {
    const VTABLE: Vtable<A> = Vtable {
        handler: M::NAME,
        id: M::ID,
        message: TypeId::of::<M>,
        plain: A::PLAIN,
        words: words_of::<Mail<M>>(),
        run_plain: run_plain::<A, M>,
        begin: |data, slot, actor, cx| {
            // SAFETY: as the caller promises, see `take`.
            slot.fill(run_async(unsafe { take::<M>(data) }, actor, cx))
        },
        refuse: |data, kind| {
            // SAFETY: as the caller promises, see `take`.
            unsafe { take::<M>(data) }.reply.fail(kind);
        },
        discard: |data| {
            // SAFETY: as the caller promises, see `take`.
            drop(unsafe { take::<M>(data) });
        },
    };
}

impl<A: Actor> Parcel<A> {
    /// Packs a message.
    pub fn new<M: Message>(message: M, reply: ReplyTo<M::Reply>, headers: ParcelHeaders) -> Parcel<A>
    where
        A: Handler<M>,
    {
        let mail = Mail { message, reply };
        let mut data = MaybeUninit::<Data>::uninit();
        // SAFETY: it is ours.
        unsafe { put(mail, data.as_mut_ptr()) };
        Parcel { vtable: &Of::<A, M>::VTABLE, headers, data }
    }

    /// The handler's name.
    pub fn handler(&self) -> &'static str {
        self.vtable.handler
    }

    /// Drops all but the data, which is to be taken out in place by exactly one function of the vtable.
    fn open(self) -> ManuallyDrop<Parcel<A>> {
        let mut this = ManuallyDrop::new(self);
        if !this.headers.is_empty() {
            drop(std::mem::take(&mut this.headers));
        }
        this
    }

    /// Tells the caller why it is not handled.
    pub fn refuse(self, kind: CallErrorKind) {
        let mut this = self.open();
        // SAFETY: the data is what `new` wrote for this vtable, and is taken once.
        unsafe { (this.vtable.refuse)(this.data.as_mut_ptr(), kind) }
    }

    /// Takes the message out again; `None` if it is of another type. The caller, if there is one, is not told.
    pub fn recover<M: Message>(self) -> Option<(M, ReplyTo<M::Reply>)> {
        if (self.vtable.message)() != TypeId::of::<M>() {
            return None;
        }
        let mut this = self.open();
        // SAFETY: the vtable says that it is a mail of `M`, and it is taken once.
        let Mail { message, reply } = unsafe { take::<M>(this.data.as_mut_ptr()) };
        Some((message, reply))
    }
}

impl<A: Actor> Drop for Parcel<A> {
    fn drop(&mut self) {
        // SAFETY: whoever takes the data does not drop the parcel, so it is still there.
        unsafe { (self.vtable.discard)(self.data.as_mut_ptr()) }
    }
}
