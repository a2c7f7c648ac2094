// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.model.Arc;
import io.vfio4j.model.MigrationFeatures;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** Each output format of {@code states} shows each arc of a device once. */
class StatesTest {

  private static CommandRun states(String device, String... more) {
    CommandRun run = CommandRun.vfio4j(Stream.of(List.of("states"), List.of(device.split(" ")), List.of(more))
        .flatMap(List::stream).toArray(String[]::new));
    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.err()).isEmpty();
    return run;
  }

  private static List<String> arcs(String device) {
    return arcs(states(device, "--json").event("states").getAsJsonArray("arcs"));
  }

  private static List<String> arcs(Iterable<JsonElement> array) {
    List<String> arcs = new ArrayList<>();
    array.forEach(element -> {
      JsonObject arc = element.getAsJsonObject();
      arcs.add(arc.get("from").getAsString() + " > " + arc.get("to").getAsString());
    });
    return arcs;
  }

  private static List<String> all(String text, String pattern, Function<MatchResult, String> each) {
    return Pattern.compile(pattern, Pattern.MULTILINE).matcher(text).results()
        .map(each).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"stop_copy", "p2p", "pre_copy", "p2p,pre_copy", "none"})
  void printsArcsOfModelAsJson(String features) {
    MigrationFeatures model =
        features.equals("none") ? MigrationFeatures.NONE : MigrationFeatures.parse(features);

    assertThat(arcs("--features " + features)).containsExactlyElementsOf(
        Arc.of(model).stream().map(Arc::toString).toList());
  }

  @Test
  void printsTransitionsOfVersion1() {
    List<String> named =
        new ArrayList<>(PlanV1Test.table().stream().map(row -> row.from() + " > " + row.to()).toList());
    named.addAll(List.of("PRE_COPY > PRE_COPY+NDMA", "PRE_COPY+NDMA > STOP_COPY", "PRE_COPY+NDMA > RUNNING",
        "PRE_COPY+NDMA > STOP", "RESUMING > RUNNING+NDMA", "RUNNING+NDMA > RUNNING", "RUNNING+NDMA > STOP"));

    assertThat(arcs("--v1")).containsExactlyInAnyOrderElementsOf(named);
    assertThat(arcs("--v1 --features none")).hasSize(9);
  }

  @Test
  void printsSessionsOfProtocol() {
    List<JsonElement> sessions = states("--json").event("states").getAsJsonArray("sessions").asList();
    JsonObject saving = sessions.getFirst().getAsJsonObject();
    JsonObject resuming = sessions.getLast().getAsJsonObject();

    assertThat(saving.get("kind").getAsString()).isEqualTo("saving");
    assertThat(PlanV2Test.strings(saving.get("states"))).containsExactlyInAnyOrder("PRE_COPY", "PRE_COPY_P2P",
        "STOP_COPY");
    assertThat(arcs(saving.getAsJsonArray("opened_by"))).containsExactlyInAnyOrder("RUNNING > PRE_COPY",
        "RUNNING_P2P > PRE_COPY_P2P", "STOP > STOP_COPY");
    assertThat(arcs(saving.getAsJsonArray("kept_by"))).contains("PRE_COPY_P2P > STOP_COPY").hasSize(3);
    assertThat(arcs(saving.getAsJsonArray("ended_by"))).containsExactlyInAnyOrder("PRE_COPY > RUNNING",
        "PRE_COPY_P2P > RUNNING_P2P", "STOP_COPY > STOP");
    assertThat(arcs(resuming.getAsJsonArray("opened_by"))).containsExactly("STOP > RESUMING");
    assertThat(arcs(resuming.getAsJsonArray("ended_by"))).containsExactly("RESUMING > STOP");
  }

  @Test
  void acceptsJsonAsFormat() {
    assertThat(JsonParser.parseString(states("--v1", "--format", "json").out()))
        .isEqualTo(states("--v1", "--json").event("states"));
  }

  @Test
  void printsTable() {
    assertThat(states("--features p2p").out())
        .contains("RUNNING_P2P  5    P2P    running, but starts no DMA to peers")
        .containsPattern("STOP > STOP_COPY +every device +opens a saving session")
        .containsPattern("RUNNING > RUNNING_P2P +with P2P").doesNotContain("PRE_COPY");
    assertThat(states("--features stop_copy").out()).containsPattern("RUNNING > STOP +without P2P");
    assertThat(states("--features pre_copy").out())
        .containsPattern("PRE_COPY > STOP_COPY +with PRE_COPY, without P2P");
    assertThat(states("--v1").out()).containsPattern("STOP_COPY > RUNNING +every device, to abort")
        .containsPattern(
            "RESUMING > STOP_COPY +some devices +ends the resuming session, opens a saving session");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--features stop_copy", "--features p2p", "--features pre_copy",
      "--features p2p,pre_copy", "--features none", "--v1", "--v1 --features none", "--v1 --features ndma",
      "--v1 --features ndma,all"})
  void drawsEachArcOnce(String device) throws Exception {
    List<String> arcs = arcs(device);

    assertThat(all(states(device, "--format", "dot").out(), "^ +\"(\\S+)\" -> \"(\\S+)\"(?! .label=\"reset)",
        arc -> arc.group(1) + " > " + arc.group(2))).containsExactlyInAnyOrderElementsOf(arcs);
    assertThat(all(states(device, "--format", "mermaid").out(), "^  (\\w+) --> (\\w+)(?! : reset)\\b",
        arc -> name(arc.group(1)) + " > " + name(arc.group(2)))).containsExactlyInAnyOrderElementsOf(arcs);
    Document svg = parse(states(device, "--format", "svg").out());
    assertThat(inSvg(svg)).containsExactlyInAnyOrderElementsOf(arcs);
  }

  private static String name(String identifier) {
    return identifier.replace("_NDMA", "+NDMA");
  }

  private static Document parse(String svg) throws Exception {
    return DocumentBuilderFactory.newInstance().newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)));
  }

  /** Returns the arcs that are drawn, and those listed below. */
  private static List<String> inSvg(Document svg) {
    List<String> arcs = new ArrayList<>();
    NodeList groups = svg.getElementsByTagName("g");
    for (int i = 0; i < groups.getLength(); i++) {
      arcs.add(((Element) groups.item(i)).getAttribute("data-arc"));
    }
    NodeList texts = svg.getElementsByTagName("text");
    for (int i = 0; i < texts.getLength(); i++) {
      arcs.addAll(all(texts.item(i).getTextContent(), "[A-Z_+]+ > [A-Z_+]+", MatchResult::group));
    }
    return arcs;
  }
}
