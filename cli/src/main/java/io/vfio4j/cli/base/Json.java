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

/** Builder of the JSON that commands print. Field names are part of the interface of the command line. */
public final class Json {

  private final JsonObject object = new JsonObject();

  private Json() {
  }

  /** Starts an object. */
  public static Json object() {
    return new Json();
  }

  /** Starts an event. */
  public static Json event(String name) {
    return new Json().with("event", name);
  }

  /** Adds a string; null becomes JSON null. */
  public Json with(String name, @Nullable String value) {
    object.addProperty(name, value);
    return this;
  }

  public Json with(String name, long value) {
    object.addProperty(name, value);
    return this;
  }

  public Json with(String name, boolean value) {
    object.addProperty(name, value);
    return this;
  }

  /** Adds an element that was built elsewhere. */
  public Json with(String name, JsonElement value) {
    object.add(name, value);
    return this;
  }

  /** Adds a duration in milliseconds with a resolution of microseconds; the name should end in {@code _ms}. */
  public Json with(String name, Duration value) {
    return with(name, millis(value));
  }

  /** Returns a duration in milliseconds, with a resolution of microseconds. */
  public static JsonElement millis(Duration value) {
    return new JsonPrimitive(BigDecimal.valueOf(value.toNanos() / 1_000, 3));
  }

  /** Adds an array of converted values. */
  public <T> Json with(String name, Collection<T> values, Function<T, JsonElement> element) {
    JsonArray array = new JsonArray();
    values.forEach(value -> array.add(element.apply(value)));
    object.add(name, array);
    return this;
  }

  /** Adds an array of strings. */
  public Json with(String name, Collection<String> values) {
    JsonArray array = new JsonArray();
    values.forEach(array::add);
    object.add(name, array);
    return this;
  }

  public JsonObject build() {
    return object;
  }
}
