// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.engine.Comparison.Property;
import io.vfio4j.engine.Side;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The declarations of the fields of a HELLO. */
class HelloFieldsTest {

  private static final Path DOCUMENT =
      Path.of(System.getProperty("basedir", ".")).resolve("../docs/migration-stream.md");
  private static final Pattern ROW = Pattern.compile("^\\| ([0-9.]+) \\| ([^|]*) \\|", Pattern.MULTILINE);

  /** A field as the document lists it. */
  record Row(String tag, String name, boolean mandatory, Optional<Side> sender) {

    static Row of(String prefix, Field<?, ?> field) {
      return new Row(prefix + field.tag(), field.name(), field.isMandatory(), field.sender());
    }

    /** Reads two cells: the tag, and the name with its attributes. */
    static Row parse(String tag, String text) {
      Optional<Side> sender = Stream.of(Side.values()).filter(side -> text.contains(side + " only"))
          .findFirst();
      return new Row(tag, text.split("[,;]", 2)[0], text.contains("mandatory"), sender);
    }
  }

  @Test
  void documentListsExactlyTheDeclaredFields() throws IOException {
    String document = Files.readString(DOCUMENT);
    String section = document.substring(document.indexOf("## HELLO: fields"));
    Matcher matcher = ROW.matcher(section.substring(0, section.indexOf("\nBoth sides check")));
    List<Row> documented = new ArrayList<>();
    while (matcher.find()) {
      documented.add(Row.parse(matcher.group(1), matcher.group(2)));
    }

    List<Row> declared = new ArrayList<>();
    HelloFields.SET.fields().forEach(field -> {
      declared.add(Row.of("", field));
      FieldSet<?> nested = field == HelloFields.DEVICES ? DeviceFields.SET
          : field == HelloFields.MEMORY ? RegionFields.SET : new FieldSet<>(Hello::values);
      nested.fields().forEach(inner -> declared.add(Row.of(field.tag() + ".", inner)));
    });
    assertThat(documented).containsExactlyElementsOf(declared);
  }

  /** With every field at its longest: otherwise a side could not send what the format permits. */
  @Test
  void longestHelloFitsFrame() {
    assertThat(HelloFields.SET.maxBytes()).isLessThanOrEqualTo(FrameKind.HELLO.maxLength());
  }

  /** The example of docs/architecture.md: a text that is only shown. */
  @Test
  void declarationIsAllThatFieldNeeds() throws StreamException {
    FieldSet<Hello> set = new FieldSet<>(Hello::values);
    Field<Hello, String> host =
        set.declare(9, "host name", FieldCodec.text(64)).shown("host", name -> name).field();
    FieldValues<Hello> values = set.empty().with(host, "a");
    ByteBuffer bytes = ByteBuffer.allocate(100).order(ByteOrder.LITTLE_ENDIAN);
    set.write(bytes, values);
    assertThat(set.read(bytes.flip())).isEqualTo(values);
    assertThat(set.read(ByteBuffer.allocate(0)).get(host)).isEmpty();
    Hello silent = new Hello(set.empty());
    assertThat(set.compare(silent, silent.with(host, "a")))
        .containsExactly(Property.informative("host", Field.NOT_REPORTED, "a"));
    assertThatThrownBy(() -> set.declare(9, "other", FieldCodec.flag()).field())
        .isInstanceOf(IllegalArgumentException.class).hasMessage("field other has tag 9");
  }
}
