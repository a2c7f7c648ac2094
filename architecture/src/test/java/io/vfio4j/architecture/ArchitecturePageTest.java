// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code docs/architecture.md} shows the layers as they are, and its examples compile. */
class ArchitecturePageTest {
  private static final Path PAGE =
      Path.of(System.getProperty("basedir", "."), "..", "docs", "architecture.md");
  /** If true, the test writes the picture instead of comparing it. */
  private static final String UPDATE = "vfio4j.docs.update";
  private static final Pattern PICTURE =
      Pattern.compile("(?<=<!-- layers -->\n).*?(?=<!-- end of layers -->)", Pattern.DOTALL);
  private static final Pattern EXAMPLE =
      Pattern.compile("```java\n(package (\\S+);\n.*?)```\n", Pattern.DOTALL);
  private static final Pattern TYPE =
      Pattern.compile("^(?:public |final |sealed )*(?:class|record|enum|interface) (\\w+)",
          Pattern.MULTILINE);

  @TempDir
  private Path folder;

  @Test
  void showsLayersAsTheyAre() throws IOException {
    String page = Files.readString(PAGE);
    String updated = PICTURE.matcher(page).replaceFirst(Matcher.quoteReplacement(LayersPicture.draw()));
    if (Boolean.getBoolean(UPDATE)) {
      Files.writeString(PAGE, updated);
      return;
    }
    assertThat(PICTURE.matcher(page).results().count()).as("pictures on the page").isOne();
    assertThat(page)
        .as("the picture in docs/architecture.md, which mvn -pl architecture -am test "
            + "-Dtest=ArchitecturePageTest -D%s=true -Dsurefire.failIfNoSpecifiedTests=false writes", UPDATE)
        .isEqualTo(updated);
  }

  /** Writes an example to a file with the name of its first type. */
  private Path write(String packageName, String source) throws IOException {
    Matcher type = TYPE.matcher(source);
    assertThat(type.find()).as("a type in %s", source).isTrue();
    Path file = Files.createDirectories(folder.resolve(packageName.replace('.', '/')))
        .resolve(type.group(1) + ".java");
    return Files.writeString(file, source);
  }

  private List<Path> examples() throws IOException {
    List<Path> files = new ArrayList<>();
    for (var example : EXAMPLE.matcher(Files.readString(PAGE)).results().toList()) {
      files.add(write(example.group(2), example.group(1)));
    }
    return files;
  }

  private List<String> errors(List<Path> sources) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(found, Locale.ROOT, null)) {
      compiler.getTask(null, files, found,
          List.of("-proc:none", "-d", folder.toString(), "-cp", System.getProperty("java.class.path")), null,
          files.getJavaFileObjectsFromPaths(sources)).call();
    }
    return found.getDiagnostics().stream().filter(entry -> entry.getKind() == Diagnostic.Kind.ERROR)
        .map(Object::toString).toList();
  }

  @Test
  void examplesCompile() throws IOException {
    List<Path> sources = examples();
    assertThat(sources).as("examples on the page").hasSizeGreaterThanOrEqualTo(4);
    assertThat(errors(sources)).isEmpty();
  }

  @Test
  void compilerReportsWrongExample() throws IOException {
    Path wrong = write("io.vfio4j.engine", "package io.vfio4j.engine;\nclass Wrong { NoSuchType field; }\n");
    assertThat(errors(List.of(wrong))).singleElement().asString().contains("NoSuchType");
  }
}
