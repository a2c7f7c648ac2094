// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Collection;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Builds the JSON that commands write. Names of fields are part of the command line's contract. */
public final class Json {

  private final JsonObject object = new JsonObject();

  private Json() {
  }

  /** Begins an object. */
  public static Json object() {
    return new Json();
  }

  /** Begins an event. */
  public static Json event(String name) {
    return new Json().with("event", name);
  }

  /** Adds a text; null is written as such. */
  public Json with(String name, @Nullable String value) {
    object.addProperty(name, value);
    return this;
  }

  /** Adds a number. */
  public Json with(String name, long value) {
    object.addProperty(name, value);
    return this;
  }

  /** Adds a truth. */
  public Json with(String name, boolean value) {
    object.addProperty(name, value);
    return this;
  }

  /** Adds what was built elsewhere. */
  public Json with(String name, JsonElement value) {
    object.add(name, value);
    return this;
  }

  /** Adds a duration as milliseconds, to the microsecond; the name should end in {@code _ms}. */
  public Json with(String name, Duration value) {
    return with(name, millis(value));
  }

  public static JsonElement millis(Duration value) {
    return new JsonPrimitive(BigDecimal.valueOf(value.toNanos() / 1_000, 3));
  }

  /** Adds a list. */
  public <T> Json with(String name, Collection<T> values, Function<T, JsonElement> element) {
    JsonArray array = new JsonArray();
    values.forEach(value -> array.add(element.apply(value)));
    object.add(name, array);
    return this;
  }

  /** Adds a list of texts. */
  public Json with(String name, Collection<String> values) {
    JsonArray array = new JsonArray();
    values.forEach(array::add);
    object.add(name, array);
    return this;
  }

  /** Returns the object. */
  public JsonObject build() {
    return object;
  }
}
