// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class ConvertersTest {

  @ParameterizedTest
  @CsvSource({"0, 0", "4096, 4096", "64k, 65536", "64K, 65536", "64KiB, 65536", "1m, 1048576", "1MB, 1048576",
      "2g, 2147483648", "1t, 1099511627776", "8589934591g, 9223372035781033984"})
  void parsesSizes(String text, long bytes) {
    assertThat(new SizeConverter().convert(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "k", "1.5g", "-1", "1p", "8589934592g", "9999999999999999999", "1 m", "0x10",
      "64ki m"})
  void rejectsInvalidSizes(String text) {
    assertThatThrownBy(() -> new SizeConverter().convert(text)).isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("expected a size such as");
  }

  @ParameterizedTest
  @CsvSource({"100m, 104857600", "100m/s, 104857600", "1g/s, 1073741824", "5000, 5000"})
  void parsesRates(String text, long bytesPerSecond) {
    assertThat(new RateConverter().convert(text)).isEqualTo(bytesPerSecond);
  }

  @ParameterizedTest
  @CsvSource({"50us, PT0.00005S", "300ms, PT0.3S", "2s, PT2S", "1.5s, PT1.5S", "5m, PT5M", "1h, PT1H",
      "0.5MS, PT0.0005S"})
  void parsesDurations(String text, Duration duration) {
    assertThat(new DurationConverter().convert(text)).isEqualTo(duration);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "3", "ms", "0s", "-1s", "999999999h", "1d", "1,5s"})
  void rejectsInvalidDurations(String text) {
    assertThatThrownBy(() -> new DurationConverter().convert(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("expected");
  }

  @Test
  void addsStopCopyToFeatures() {
    FeaturesConverter converter = new FeaturesConverter();
    assertThat(converter.convert("none")).isEqualTo(MigrationFeatures.NONE);
    assertThat(converter.convert("p2p")).isEqualTo(MigrationFeatures.of(MigrationFeature.P2P));
    assertThat(converter.convert("STOP_COPY,p2p,pre-copy")).isEqualTo(MigrationFeatures.ALL);
    assertThatThrownBy(() -> converter.convert("p2p,")).hasMessageContaining("is not a migration feature");
  }

  @Test
  void formatsQuantities() {
    assertThat(Quantities.bytes(1023)).isEqualTo("1023 bytes");
    assertThat(Quantities.bytes(1536)).isEqualTo("1.5 KiB");
    assertThat(Quantities.rate(3.5 * (1 << 30))).isEqualTo("3.5 GiB/s");
    assertThat(Quantities.time(Duration.ofNanos(4_240_000))).isEqualTo("4.2 ms");
    assertThat(Quantities.time(Duration.ofMillis(300))).isEqualTo("300 ms");
    assertThat(Quantities.time(Duration.ofMillis(1300))).isEqualTo("1.3 s");
    assertThat(Quantities.time(Duration.ofSeconds(135))).isEqualTo("2 min 15 s");
  }
}
