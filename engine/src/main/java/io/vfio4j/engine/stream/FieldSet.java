// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.Comparison.Property;
import io.vfio4j.engine.Side;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * All fields of one structure. Reading, writing, comparing and the check of the sending side iterate over the set, and a
 * {@link Field} exists only in a set, so a tag that one of them does not handle cannot exist.
 *
 * <p>
 * Fields are written in the order of their tags, and compared in the order of their declarations. The values of a field
 * that may occur several times precede those of the next such field.
 *
 * @param <S> the structure
 */
public final class FieldSet<S> {

  private final Function<S, FieldValues<S>> values;
  private final SortedMap<Integer, Field<S, ?>> byTag = new TreeMap<>();
  private final List<Field<S, ?>> declared = new ArrayList<>();

  /**
   * Creates an empty set.
   *
   * @param values returns the values of a structure
   */
  FieldSet(Function<S, FieldValues<S>> values) {
    this.values = values;
  }

  <T> T value(S structure, Field<S, T> field) {
    return values.apply(structure).get(field);
  }

  /**
   * Begins the declaration of a field.
   *
   * @param tag unique in this set, and never that of a field that an earlier version had
   * @param name as docs/migration-stream.md has it
   */
  public <T> Field.Declaration<S, T> declare(int tag, String name, FieldCodec<T> codec) {
    return new Field.Declaration<>(this, tag, name, codec);
  }

  <T> Field<S, T> add(Field<S, T> field) {
    if (field.tag() < 1 || byTag.putIfAbsent(field.tag(), field) != null) {
      throw new IllegalArgumentException("field %s has tag %d".formatted(field.name(), field.tag()));
    }
    declared.add(field);
    return field;
  }

  /** Returns the fields in the order of their tags. */
  public Collection<Field<S, ?>> fields() {
    return Collections.unmodifiableCollection(byTag.values());
  }

  /** Returns no values: every field is absent. */
  FieldValues<S> empty() {
    return new FieldValues<>(Map.of());
  }

  void write(ByteBuffer into, FieldValues<S> values) {
    byTag.values().forEach(field -> write(into, field, values));
  }

  private static <S, T> void write(ByteBuffer into, Field<S, T> field, FieldValues<S> values) {
    field.codec().encode(values.get(field), value -> {
      int start = TagLengthValue.beginField(into, field.tag(), field.isMandatory());
      value.accept(into);
      TagLengthValue.endField(into, start);
    });
  }

  /** Reads all that remains. */
  FieldValues<S> read(ByteBuffer from) throws StreamException {
    Map<Integer, List<ByteBuffer>> occurrences = new LinkedHashMap<>();
    Field<S, ?> repeated = null;
    while (from.hasRemaining()) {
      TagLengthValue.RawField raw = TagLengthValue.readField(from);
      Field<S, ?> field = byTag.get(raw.tag());
      if (field == null) {
        raw.requireOptional();
        continue;
      }
      List<ByteBuffer> ofField = occurrences.computeIfAbsent(raw.tag(), _ -> new ArrayList<>());
      requireRoom(field, ofField.size());
      if (field.codec().maxCount() > 1) {
        if (repeated != null && repeated.tag() > field.tag()) {
          throw new StreamException(
              "the hello has a %s after a %s".formatted(field.name(), repeated.name()));
        }
        repeated = field;
      }
      ofField.add(raw.value());
    }
    FieldValues<S> read = empty();
    for (Field<S, ?> field : byTag.values()) {
      read = read(field, occurrences.getOrDefault(field.tag(), List.of()), read);
    }
    return read;
  }

  private static void requireRoom(Field<?, ?> field, int count) throws StreamException {
    int maxCount = field.codec().maxCount();
    if (count == maxCount) {
      throw new StreamException(maxCount == 1
          ? "the hello has field %d twice".formatted(field.tag())
          : "the hello has more than %d fields %d (%s)".formatted(maxCount, field.tag(), field.name()));
    }
  }

  private static <S, T> FieldValues<S> read(Field<S, T> field, List<ByteBuffer> occurrences,
      FieldValues<S> values) throws StreamException {
    if (!occurrences.isEmpty()) {
      return values.with(field, field.codec().decode(field.tag(), occurrences));
    }
    if (field.codec().absent().isEmpty()) {
      throw new StreamException("the hello lacks field %d".formatted(field.tag()));
    }
    return values;
  }

  /** Returns whether values have a field that only the other side may send. */
  boolean hasFieldOnlyFrom(Side side, FieldValues<S> values) {
    return byTag.values().stream()
        .anyMatch(field -> field.sender().filter(sender -> sender == side).isPresent() && values.has(field));
  }

  /** Returns the violated requirements of one side's values, a sentence for each. */
  public List<String> violations(S structure) {
    return declared.stream().flatMap(field -> field.violations(structure).stream()).toList();
  }

  /** Compares both sides' values. */
  public List<Property> compare(S source, S target) {
    return declared.stream().flatMap(field -> field.compare(source, target).stream()).toList();
  }

  /** Returns the longest structure, in bytes. */
  public int maxBytes() {
    return byTag.values().stream().map(Field::codec)
        .mapToInt(codec -> codec.maxCount() * (TagLengthValue.HEADER_BYTES + codec.maxBytes())).sum();
  }
}
