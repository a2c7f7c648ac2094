// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A field that occurs once at most.
 *
 * @param <T> the value
 * @param <V> what is encoded of it
 * @param minBytes the shortest value that is accepted
 * @param maxBytes the longest
 * @param absent the value of a field that does not occur; empty if it must
 * @param encoded what is encoded of a value; empty if the field is not sent
 */
record SingleField<T, V>(int minBytes, int maxBytes, Optional<T> absent, Function<T, Optional<V>> encoded,
    FieldCodec.Encoder<V> encoder, FieldCodec.Decoder<T> decoder) implements FieldCodec<T> {

  @Override
  public void encode(T value, Consumer<Consumer<ByteBuffer>> occurrences) {
    if (!absent.equals(Optional.of(value))) {
      encoded.apply(value).ifPresent(v -> occurrences.accept(into -> encoder.encode(into, v)));
    }
  }

  @Override
  public T decode(int tag, List<ByteBuffer> occurrences) throws StreamException {
    ByteBuffer from = occurrences.getFirst();
    int length = from.remaining();
    if (length < minBytes || length > maxBytes) {
      throw new StreamException("the hello has field %d of %d bytes %s".formatted(tag, length,
          minBytes == maxBytes ? "instead of " + maxBytes : "(at most " + maxBytes + ")"));
    }
    return decoder.decode(from);
  }
}
