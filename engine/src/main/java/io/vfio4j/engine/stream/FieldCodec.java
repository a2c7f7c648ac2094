// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The layout of a field's value: its length, its default, and how it is encoded and decoded.
 *
 * @param <T> the value
 */
public interface FieldCodec<T> {

  /** Encodes the value of one occurrence, at the buffer's position. */
  @FunctionalInterface
  interface Encoder<T> {
    void encode(ByteBuffer into, T value);
  }

  /** Decodes the value of one occurrence, which is the whole buffer, little-endian; its length has been checked. */
  @FunctionalInterface
  interface Decoder<T> {
    T decode(ByteBuffer from) throws StreamException;
  }

  /** Returns how often the field may occur. */
  default int maxCount() {
    return 1;
  }

  /** Returns the longest value of one occurrence, in bytes. */
  int maxBytes();

  /** Returns the value of a field that does not occur; empty if the field must occur. */
  Optional<T> absent();

  /** Passes the encoder of each occurrence; none for a value that the field's absence stands for. */
  void encode(T value, Consumer<Consumer<ByteBuffer>> occurrences);

  /** Decodes the occurrences, at least one and at most {@link #maxCount}. */
  T decode(int tag, List<ByteBuffer> occurrences) throws StreamException;

  /** A text in UTF-8, cut to a maximum length when it is written; an empty one is not sent. */
  static FieldCodec<String> text(int maxBytes) {
    return new SingleField<>(0, maxBytes, Optional.of(""), Optional::of,
        (into, text) -> PeerText.write(into, text, maxBytes), PeerText::read);
  }

  /** A field without a value: it occurs, or does not. */
  static FieldCodec<Boolean> flag() {
    return new SingleField<>(0, 0, Optional.of(false), present -> Optional.of(present).filter(on -> on),
        (_, _) -> {
        }, _ -> true);
  }

  /** A value of a fixed length that must occur. */
  static <T> FieldCodec<T> required(int bytes, Encoder<T> encoder, Decoder<T> decoder) {
    return new SingleField<>(bytes, bytes, Optional.empty(), Optional::of, encoder, decoder);
  }

  /** A value of a fixed length that may be absent. */
  static <T> FieldCodec<Optional<T>> optional(int bytes, Encoder<T> encoder, Decoder<T> decoder) {
    return new SingleField<>(bytes, bytes, Optional.of(Optional.empty()), value -> value, encoder,
        from -> Optional.of(decoder.decode(from)));
  }

  /** A u64 that may be absent. */
  static FieldCodec<OptionalLong> optionalU64() {
    return new SingleField<>(Long.BYTES, Long.BYTES, Optional.of(OptionalLong.empty()),
        value -> value.isPresent() ? Optional.of(value.getAsLong()) : Optional.empty(), ByteBuffer::putLong,
        from -> OptionalLong.of(from.getLong()));
  }

  /** A structure made of the values of its fields. */
  @FunctionalInterface
  interface Structure<S> {
    S of(FieldValues<S> values) throws StreamException;
  }

  /** Structures with fields of their own, one for each occurrence, up to a number of them. */
  static <S> FieldCodec<List<S>> structures(int maxCount, FieldSet<S> fields,
      Function<S, FieldValues<S>> values, Structure<S> structure) {
    return new FieldCodec<>() {

      @Override
      public int maxCount() {
        return maxCount;
      }

      @Override
      public int maxBytes() {
        return fields.maxBytes();
      }

      @Override
      public Optional<List<S>> absent() {
        return Optional.of(List.of());
      }

      @Override
      public void encode(List<S> all, Consumer<Consumer<ByteBuffer>> occurrences) {
        all.forEach(one -> occurrences.accept(into -> fields.write(into, values.apply(one))));
      }

      @Override
      public List<S> decode(int tag, List<ByteBuffer> occurrences) throws StreamException {
        List<S> all = new ArrayList<>();
        for (ByteBuffer from : occurrences) {
          all.add(structure.of(fields.read(from)));
        }
        return List.copyOf(all);
      }
    };
  }
}
