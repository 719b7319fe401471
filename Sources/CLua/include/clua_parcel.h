// A parcel is a flat, self-describing buffer of values: the one shape in which values cross between Lua, JSON text and
// Swift. C builds Lua values from it inside a protected call, so no Lua error can reach a Swift frame.
//
// Each value is a tag byte, then, unaligned and in host order:
//   NIL FALSE TRUE NULL   nothing (NULL is JSON's null, kept apart from an absent value)
//   INTEGER               int64
//   NUMBER                double
//   STRING                uint32 length, bytes
//   ARRAY                 uint32 count, uint32 bytes that follow, count values
//   TABLE                 uint32 count, uint32 bytes that follow, count pairs of key (STRING or INTEGER) and value
//   REFERENCE             int32: a function, table, userdata or coroutine kept in the registry; the low 27 bits are the
//                         slot, the four above them Lua's type number
//   OBJECT                uint64 object, uint64 class: a Swift object behind a userdata
//   HOST                  uint8 kind, uint64 function, uint32 length, name: towards Lua only, a Swift function
//   READ_ONLY             towards Lua only: the ARRAY or TABLE that follows cannot be written, at any depth
//   ERROR                 towards Lua only: the TABLE that follows is an error, and prints as one
#pragma once

enum clua_tag {
  CLUA_NIL = 0,
  CLUA_FALSE = 1,
  CLUA_TRUE = 2,
  CLUA_INTEGER = 3,
  CLUA_NUMBER = 4,
  CLUA_STRING = 5,
  CLUA_ARRAY = 6,
  CLUA_TABLE = 7,
  CLUA_REFERENCE = 8,
  CLUA_NULL = 9,
  CLUA_OBJECT = 10,
  CLUA_HOST = 11,
  CLUA_READ_ONLY_MARK = 12,
  CLUA_ERROR_MARK = 13,
};
