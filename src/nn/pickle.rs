//! Reads Python pickles (protocols 2 to 5) into plain values. Nothing is imported or run: a class
//! stays a name, a call stays a callable with its arguments.
//!
//! What comes out is a tree that is safe to walk and to drop by recursion: nothing refers to itself,
//! and depth and size are limited, shared parts counted as often as they are met.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Checkpoints nest a dozen levels; walking this many needs a small part of a thread's stack.
const MAX_DEPTH: usize = 200;
const MAX_VALUES: usize = 20_000_000;

#[derive(Clone, Debug)]
pub enum Value {
    None,
    Int(i64),
    /// Booleans and floats, which no checkpoint's tensors depend on.
    Other,
    Text(Rc<str>),
    Bytes(Rc<[u8]>),
    Tuple(Rc<[Value]>),
    List(Rc<RefCell<Vec<Value>>>),
    Dict(Rc<RefCell<Vec<(Value, Value)>>>),
    Class {
        module: Rc<str>,
        name: Rc<str>,
    },
    Object(Rc<Object>),
    /// A reference to data outside the pickle, by its id.
    Persistent(Rc<Value>),
}

/// The result of calling something, with what was put into it afterwards.
#[derive(Debug)]
pub struct Object {
    pub callable: Value,
    pub args: Value,
    /// Set by subclasses of `dict`.
    pub items: RefCell<Vec<(Value, Value)>>,
    pub state: RefCell<Option<Value>>,
}

impl Value {
    /// For error messages; the value itself may be huge.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Int(_) => "a number",
            Self::Other => "a float or boolean",
            Self::Text(_) => "a text",
            Self::Bytes(_) => "bytes",
            Self::Tuple(_) => "a tuple",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dict",
            Self::Class { .. } => "a class",
            Self::Object(_) => "an object",
            Self::Persistent(_) => "a persistent id",
        }
    }

    /// Where a container lies in memory; `None` for what contains nothing.
    fn address(&self) -> Option<usize> {
        match self {
            Self::Tuple(values) if !values.is_empty() => Some(values.as_ptr() as usize),
            Self::List(values) => Some(Rc::as_ptr(values) as usize),
            Self::Dict(items) => Some(Rc::as_ptr(items) as usize),
            Self::Object(object) => Some(Rc::as_ptr(object) as usize),
            Self::Persistent(id) => Some(Rc::as_ptr(id) as usize),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub fn tuple(&self) -> Option<&[Value]> {
        if let Self::Tuple(values) = self { Some(values) } else { None }
    }

    pub fn size(&self) -> Option<usize> {
        if let Self::Int(n) = self { usize::try_from(*n).ok() } else { None }
    }

    pub fn sizes(&self) -> Option<Vec<usize>> {
        self.tuple()?.iter().map(Self::size).collect()
    }

    pub fn is_class(&self, class: &str) -> bool {
        matches!(self, Self::Class { module, name } if class.strip_suffix(&**name)
            .and_then(|rest| rest.strip_suffix('.')) == Some(&**module))
    }
}

type Result<T> = std::result::Result<T, String>;

/// Takes one pickle from the front of `bytes` and leaves what follows.
pub fn read(bytes: &mut &[u8]) -> Result<Value> {
    let mut machine = Machine::default();
    loop {
        let code = take(bytes, 1)?[0];
        if code == b'.' {
            return machine.pop();
        }
        machine.step(code, bytes)?;
    }
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8]> {
    let (head, tail) = bytes.split_at_checked(count).ok_or("the pickle ends early")?;
    *bytes = tail;
    Ok(head)
}

/// A little-endian number of `width` bytes.
fn number(bytes: &mut &[u8], width: usize) -> Result<usize> {
    let value = take(bytes, width)?.iter().rev().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    usize::try_from(value).map_err(|_| "a number in the pickle is too large".to_owned())
}

fn sized<'a>(bytes: &mut &'a [u8], width: usize) -> Result<&'a [u8]> {
    let count = number(bytes, width)?;
    take(bytes, count)
}

fn text(bytes: &[u8]) -> Value {
    Value::Text(String::from_utf8_lossy(bytes).into())
}

fn line(bytes: &mut &[u8]) -> Result<Rc<str>> {
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or("the pickle ends early")?;
    let line = take(bytes, end)?;
    take(bytes, 1)?;
    Ok(String::from_utf8_lossy(line).into())
}

/// A signed little-endian integer; those of more than 8 bytes (only magic numbers) become 0.
fn long(bytes: &[u8]) -> i64 {
    if bytes.len() > 8 {
        return 0;
    }
    let fill = if bytes.last().is_some_and(|b| b & 0x80 != 0) { 0xff } else { 0 };
    let mut word = [fill; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    i64::from_le_bytes(word)
}

/// How far a container reaches.
#[derive(Clone, Copy, Default)]
struct Extent {
    depth: usize,
    /// Values in it, shared ones counted each time.
    count: usize,
    /// Inside another container. Python finishes a container before it places it, so one that
    /// grows afterwards refers to itself.
    is_placed: bool,
}

#[derive(Default)]
struct Machine {
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: HashMap<usize, Value>,
    /// By address; a container that was dropped leaves its place to the next one there.
    extents: HashMap<usize, Extent>,
}

impl Machine {
    /// Pushes a new container of these values.
    fn push_container(&mut self, container: Value, values: &[Value]) -> Result<()> {
        if let Some(address) = container.address() {
            self.extents.insert(address, Extent::default());
        }
        self.extend(&container, values)?;
        self.stack.push(container);
        Ok(())
    }

    /// Accounts for values that are about to be put into a container.
    fn extend(&mut self, container: &Value, values: &[Value]) -> Result<()> {
        let Some(address) = container.address() else { return Ok(()) };
        let mut extent = Extent::default();
        for value in values {
            let inner = value.address().and_then(|address| self.extents.get_mut(&address));
            let inner = inner.map_or(Extent::default(), |inner| {
                inner.is_placed = true;
                *inner
            });
            extent.depth = extent.depth.max(inner.depth + 1);
            extent.count = extent.count.saturating_add(inner.count).saturating_add(1);
        }
        let whole = self.extents.entry(address).or_default();
        if whole.is_placed {
            return Err("the pickle holds a container that refers to itself".to_owned());
        }
        whole.depth = whole.depth.max(extent.depth);
        whole.count = whole.count.saturating_add(extent.count);
        if whole.depth > MAX_DEPTH || whole.count > MAX_VALUES {
            return Err("the pickle is nested too deeply or repeats itself too often".to_owned());
        }
        Ok(())
    }

    fn pop(&mut self) -> Result<Value> {
        self.stack.pop().ok_or_else(|| "the pickle's stack is empty".to_owned())
    }

    fn last(&self) -> Result<&Value> {
        self.stack.last().ok_or_else(|| "the pickle's stack is empty".to_owned())
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>> {
        let mark = self.marks.pop().filter(|mark| *mark <= self.stack.len());
        Ok(self.stack.split_off(mark.ok_or("the pickle lacks a mark")?))
    }

    fn tuple_of(&mut self, count: usize) -> Result<()> {
        let start = self.stack.len().checked_sub(count).ok_or("the pickle's stack is empty")?;
        let values = self.stack.split_off(start);
        self.push_tuple(values)
    }

    fn push_tuple(&mut self, values: Vec<Value>) -> Result<()> {
        let tuple = Rc::<[Value]>::from(values);
        self.push_container(Value::Tuple(Rc::clone(&tuple)), &tuple)
    }

    fn call(&mut self) -> Result<()> {
        let (args, callable) = (self.pop()?, self.pop()?);
        let parts = [callable.clone(), args.clone()];
        let object = Object { callable, args, items: RefCell::default(), state: RefCell::default() };
        self.push_container(Value::Object(Rc::new(object)), &parts)
    }

    fn set_items(&mut self, values: Vec<Value>) -> Result<()> {
        let target = self.last()?.clone();
        self.extend(&target, &values)?;
        let pairs = values.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()));
        match target {
            Value::Dict(dict) => dict.borrow_mut().extend(pairs),
            Value::Object(object) => object.items.borrow_mut().extend(pairs),
            other => return Err(format!("the pickle sets items of {}", other.kind())),
        }
        Ok(())
    }

    fn append(&mut self, values: Vec<Value>) -> Result<()> {
        // Subclasses of list do not occur in checkpoints in a way that matters here.
        let Value::List(list) = self.last()?.clone() else { return Ok(()) };
        self.extend(&Value::List(Rc::clone(&list)), &values)?;
        list.borrow_mut().extend(values);
        Ok(())
    }

    fn step(&mut self, code: u8, bytes: &mut &[u8]) -> Result<()> {
        let value = match code {
            0x80 => return take(bytes, 1).map(drop), // PROTO
            0x95 => return take(bytes, 8).map(drop), // FRAME
            b'(' => {
                self.marks.push(self.stack.len());
                return Ok(());
            }
            b'0' => return self.pop().map(drop),
            b'1' => return self.pop_to_mark().map(drop),
            b'2' => self.last()?.clone(),
            b'N' => Value::None,
            0x88 | 0x89 => Value::Other, // booleans
            b'J' => Value::Int(long(take(bytes, 4)?)),
            b'K' => Value::Int(number(bytes, 1)? as i64),
            b'M' => Value::Int(number(bytes, 2)? as i64),
            0x8a => Value::Int(long(sized(bytes, 1)?)),
            0x8b => Value::Int(long(sized(bytes, 4)?)),
            b'G' => {
                take(bytes, 8)?;
                Value::Other // a float
            }
            b'X' => text(sized(bytes, 4)?),
            0x8c => text(sized(bytes, 1)?),
            0x8d => text(sized(bytes, 8)?),
            b'U' => text(sized(bytes, 1)?),
            b'T' => text(sized(bytes, 4)?),
            b'B' => Value::Bytes(sized(bytes, 4)?.into()),
            b'C' => Value::Bytes(sized(bytes, 1)?.into()),
            0x8e => Value::Bytes(sized(bytes, 8)?.into()),
            b']' | 0x8f => return self.push_container(Value::List(Rc::default()), &[]),
            b'}' => return self.push_container(Value::Dict(Rc::default()), &[]),
            b')' => Value::Tuple(Rc::new([])),
            b't' => {
                let values = self.pop_to_mark()?;
                return self.push_tuple(values);
            }
            0x85..=0x87 => return self.tuple_of(usize::from(code - 0x84)),
            b'l' | 0x91 => {
                let values = self.pop_to_mark()?;
                self.push_container(Value::List(Rc::default()), &[])?;
                return self.append(values);
            }
            b'd' => {
                let values = self.pop_to_mark()?;
                self.push_container(Value::Dict(Rc::default()), &[])?;
                return self.set_items(values);
            }
            b'a' => {
                let value = self.pop()?;
                return self.append(vec![value]);
            }
            b'e' | 0x90 => {
                let values = self.pop_to_mark()?;
                return self.append(values);
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                return self.set_items(vec![key, value]);
            }
            b'u' => {
                let values = self.pop_to_mark()?;
                return self.set_items(values);
            }
            b'c' => Value::Class { module: line(bytes)?, name: line(bytes)? },
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let name_of = |value: Value| value.text().map(Rc::from).ok_or("a class without a name");
                Value::Class { module: name_of(module)?, name: name_of(name)? }
            }
            b'R' | 0x81 => return self.call(),
            0x92 => {
                self.pop()?; // keyword arguments
                return self.call();
            }
            b'b' => {
                let state = self.pop()?;
                let Value::Object(object) = self.last()?.clone() else { return Ok(()) };
                self.extend(&Value::Object(Rc::clone(&object)), std::slice::from_ref(&state))?;
                *object.state.borrow_mut() = Some(state);
                return Ok(());
            }
            b'Q' => {
                let id = Rc::new(self.pop()?);
                return self.push_container(Value::Persistent(Rc::clone(&id)), std::slice::from_ref(&id));
            }
            b'q' | b'r' | 0x94 => {
                let slot = match code {
                    b'q' => number(bytes, 1)?,
                    b'r' => number(bytes, 4)?,
                    _ => self.memo.len(),
                };
                let value = self.last()?.clone();
                self.memo.insert(slot, value);
                return Ok(());
            }
            b'h' | b'j' => {
                let slot = number(bytes, if code == b'h' { 1 } else { 4 })?;
                self.memo.get(&slot).ok_or("the pickle recalls what it never stored")?.clone()
            }
            other => return Err(format!("unknown pickle instruction 0x{other:02x}")),
        };
        self.stack.push(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dict_met_again_is_the_same_dict() {
        // {"a": 1, "b": <the first dict of> [{...}, same]}: d = {"x": -2}; [d, d]
        let pickle = b"\x80\x02]q\x00(}q\x01X\x01\x00\x00\x00xq\x02J\xfe\xff\xff\xffsh\x01e.rest";
        let mut bytes = &pickle[..];
        let Value::List(list) = read(&mut bytes).unwrap() else { panic!("not a list") };
        assert_eq!(bytes, b"rest");
        for value in list.borrow().iter() {
            let Value::Dict(dict) = value else { panic!("not a dict") };
            assert!(matches!(dict.borrow()[..], [(Value::Text(ref k), Value::Int(-2))] if &**k == "x"));
        }
    }

    #[test]
    fn broken_pickles_are_errors() {
        for pickle in [&b""[..], b"\x80", b"(", b"t.", b"X\xff\xff\xff\xffabc", b"h\x07.", b"\xfe"] {
            assert!(read(&mut &pickle[..]).is_err());
        }
    }

    #[test]
    fn what_refers_to_itself_or_nests_without_end_is_an_error() {
        let nested = |open: &[u8], wrap: &[u8]| [b"\x80\x02", open, &wrap.repeat(300_000), b"."].concat();
        let doubled = [&b"\x80\x02]"[..], &b"2\x86".repeat(60), b"."].concat();
        let cases = [
            b"\x80\x02]q\x00h\x00a.".to_vec(),                  // l = []; l.append(l)
            b"\x80\x02]q\x00]q\x01h\x00ah\x00h\x01a.".to_vec(), // two lists in each other
            b"\x80\x02]q\x00\x85h\x00h\x00\x85a.".to_vec(),     // a list in a tuple in itself
            nested(b"N", b"\x85"),
            nested(b"N", b"Q"),
            doubled,
        ];
        for pickle in &cases {
            assert!(read(&mut pickle.as_slice()).is_err(), "{:?}", &pickle[..pickle.len().min(20)]);
        }
    }
}
