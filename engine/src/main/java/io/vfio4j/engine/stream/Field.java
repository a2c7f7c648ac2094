// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.Comparison.Property;
import io.vfio4j.engine.Side;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A field of a HELLO, or of a device or region in it: the one place that says its tag, whether it is mandatory, which
 * side may send it, its default, how it is encoded and decoded, and how both sides' values are compared. Made by
 * {@link FieldSet#declare}, so every field is in the set of its structure.
 *
 * @param <S> the structure: {@link Hello}, {@link Hello.Device} or {@link HelloRegion}
 * @param <T> the value
 */
public final class Field<S, T> {

  /** The text of a value that a side does not report. */
  public static final String NOT_REPORTED = "not reported";

  private final int tag;
  private final String name;
  private final FieldCodec<T> codec;
  private final boolean isMandatory;
  private final Optional<Side> sender;
  private final List<Function<S, Optional<String>>> requirements;
  private final List<BiFunction<S, S, Property>> comparisons;

  private Field(Declaration<S, T> declaration) {
    this.tag = declaration.tag;
    this.name = declaration.name;
    this.codec = declaration.codec;
    this.isMandatory = declaration.isMandatory;
    this.sender = declaration.sender;
    this.requirements = List.copyOf(declaration.requirements);
    this.comparisons = List.copyOf(declaration.comparisons);
  }

  /** Returns the tag, unique in the structure. */
  public int tag() {
    return tag;
  }

  /** Returns the name, as docs/migration-stream.md has it. */
  public String name() {
    return name;
  }

  /** Returns whether a receiver that does not know the tag must refuse the stream. */
  public boolean isMandatory() {
    return isMandatory;
  }

  /** Returns the only side that may send it; empty if both may. */
  public Optional<Side> sender() {
    return sender;
  }

  public FieldCodec<T> codec() {
    return codec;
  }

  /** Returns the violated requirements of a side's own value, a sentence for each. */
  List<String> violations(S structure) {
    return requirements.stream().flatMap(requirement -> requirement.apply(structure).stream()).toList();
  }

  List<Property> compare(S source, S target) {
    return comparisons.stream().map(comparison -> comparison.apply(source, target)).toList();
  }

  /** A field being declared; {@link #field} completes it. */
  public static final class Declaration<S, T> {

    private final FieldSet<S> set;
    private final int tag;
    private final String name;
    private final FieldCodec<T> codec;
    private final List<Function<S, Optional<String>>> requirements = new ArrayList<>();
    private final List<BiFunction<S, S, Property>> comparisons = new ArrayList<>();
    private boolean isMandatory;
    private Optional<Side> sender = Optional.empty();
    private @Nullable Field<S, T> field;

    Declaration(FieldSet<S> set, int tag, String name, FieldCodec<T> codec) {
      this.set = set;
      this.tag = tag;
      this.name = name;
      this.codec = codec;
    }

    /** A receiver that does not know the tag refuses the stream; without this it skips the field. */
    public Declaration<S, T> mandatory() {
      isMandatory = true;
      return this;
    }

    /** A receiver refuses the field from the other side. */
    public Declaration<S, T> onlyFrom(Side side) {
      sender = Optional.of(side);
      return this;
    }

    /**
     * Either side's own value must satisfy this, whatever the other side's is.
     *
     * @param violation returns why a migration is refused, a sentence; empty if it is not
     */
    public Declaration<S, T> requires(Function<S, Optional<String>> violation) {
      requirements.add(violation);
      return this;
    }

    /**
     * A comparison shows both values; a difference is not a reason to refuse.
     *
     * @param property one word for it, as in {@code ids}
     * @param text a side's value as text; an empty one is shown as not reported
     */
    public Declaration<S, T> shown(String property, Function<T, String> text) {
      return compared(property, text, (_, _) -> Optional.empty());
    }

    /**
     * A comparison shows both values, and a migration is refused if either violates what {@link #requires} says (before
     * this), or if they do not match.
     *
     * @param text as in {@link #shown}
     * @param mismatch returns why source and target do not match, a sentence; empty if they do
     */
    public Declaration<S, T> compared(String property, Function<T, String> text,
        BiFunction<S, S, Optional<String>> mismatch) {
      List<Function<S, Optional<String>>> own = List.copyOf(requirements);
      return compared((source, target) -> Property.checked(property, orNotReported(text.apply(value(source))),
          orNotReported(text.apply(value(target))),
          first(own, source).or(() -> first(own, target)).or(() -> mismatch.apply(source, target))));
    }

    /** A comparison has this property, whose texts depend on both values. */
    public Declaration<S, T> compared(BiFunction<S, S, Property> comparison) {
      comparisons.add(comparison);
      return this;
    }

    /** Adds the field to its set. */
    public Field<S, T> field() {
      Field<S, T> complete = set.add(new Field<>(this));
      field = complete;
      return complete;
    }

    private T value(S structure) {
      return set.value(structure, Objects.requireNonNull(field));
    }

    private static <S> Optional<String> first(List<Function<S, Optional<String>>> requirements, S structure) {
      return requirements.stream().flatMap(requirement -> requirement.apply(structure).stream()).findFirst();
    }

    private static String orNotReported(String text) {
      return text.isEmpty() ? NOT_REPORTED : text;
    }
  }
}
