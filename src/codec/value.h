// Value: the document tree that every text and wire format is read into and written from. Knows no kinds.
//
// It is boost::json's tree: objects keep insertion order, numbers are int64, uint64 or double. Include this header where a
// Value is only passed on, <boost/json.hpp> (through codec/tree.h) where it is looked into.
#pragma once

#include <boost/json/fwd.hpp>

namespace charon::codec {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;

}  // namespace charon::codec
