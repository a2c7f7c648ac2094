// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** The fields of a command's body, for display. The reply has the same fields, possibly fewer. */
@FunctionalInterface
public interface MessageLayout {

  /** Returns the fields in order; the body may end before the last. */
  List<MessageField> fields(MemorySegment body);

  /** Returns a layout that does not depend on the body. */
  static MessageLayout of(MessageField... fields) {
    List<MessageField> all = List.of(fields);
    return body -> all;
  }

  /** Returns the fields up to the first that the body does not hold in full. */
  default List<MessageField> fieldsWithin(MemorySegment body) {
    return fields(body).stream().takeWhile(field -> field.end() <= body.byteSize()).toList();
  }
}
