// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The values of a structure's fields. A field without a value has its default. Immutable.
 *
 * @param <S> the structure
 */
public final class FieldValues<S> {

  private final Map<Integer, Object> byTag;

  FieldValues(Map<Integer, Object> byTag) {
    this.byTag = byTag;
  }

  /** Returns the value of a field. */
  @SuppressWarnings("unchecked") // Only with() adds values, and a tag is that of one field of the set.
  public <T> T get(Field<S, T> field) {
    Object value = byTag.get(field.tag());
    return value != null
        ? (T) value
        : field.codec().absent()
            .orElseThrow(() -> new IllegalStateException("required field " + field.name()));
  }

  /** Returns whether a field has a value other than its default. */
  boolean has(Field<S, ?> field) {
    return byTag.containsKey(field.tag());
  }

  /** Returns these values with another value for one field. */
  public <T> FieldValues<S> with(Field<S, T> field, T value) {
    Map<Integer, Object> changed = new HashMap<>(byTag);
    if (field.codec().absent().filter(value::equals).isPresent()) {
      changed.remove(field.tag());
    } else {
      changed.put(field.tag(), value);
    }
    return new FieldValues<>(Map.copyOf(changed));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof FieldValues<?> values && byTag.equals(values.byTag);
  }

  @Override
  public int hashCode() {
    return byTag.hashCode();
  }

  @Override
  public String toString() {
    return byTag.toString();
  }
}
