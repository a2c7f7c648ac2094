// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static io.vfio4j.model.DeviceState.RUNNING_P2P;
import static io.vfio4j.model.DeviceState.STOP;
import static io.vfio4j.model.DeviceState.STOP_COPY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.Arc;
import io.vfio4j.model.Errno;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FaultTest {

  @Test
  void parsesEveryFault() {
    Arc stopping = new Arc(RUNNING_P2P, STOP);
    assertThat(Fault.parse("arc=RUNNING_P2P>STOP,errno=EIO"))
        .isEqualTo(new Fault.ArcFailure(stopping, Errno.EIO, false, Fault.UNLIMITED));
    assertThat(Fault.parse(" arc = running_p2p > stop , errno = 16 , error , times = 3 "))
        .isEqualTo(new Fault.ArcFailure(stopping, new Errno(16), true, 3));
    Arc copying = new Arc(STOP, STOP_COPY);
    assertThat(Fault.parse("arc=STOP>STOP_COPY,delay=500ms"))
        .isEqualTo(new Fault.ArcDelay(copying, Duration.ofMillis(500), Fault.UNLIMITED));
    assertThat(Fault.parse("arc=STOP>STOP_COPY,delay=2s,times=1"))
        .isEqualTo(new Fault.ArcDelay(copying, Duration.ofSeconds(2), 1));
    assertThat(Fault.parse("read,at=64k,errno=EIO")).isEqualTo(new Fault.ReadFailure(65536, Errno.EIO));
    assertThat(Fault.parse("read,at=0,cut")).isEqualTo(new Fault.ReadTruncation(0));
    assertThat(Fault.parse("write,at=7,errno=EBADMSG")).isEqualTo(new Fault.WriteFailure(7, Errno.EBADMSG));
    assertThat(Fault.parse("write,cut,at=1m")).isEqualTo(new Fault.WriteTruncation(1 << 20));
    assertThat(Fault.parse("slow=1g")).isEqualTo(new Fault.ReadThrottle(1 << 30));
    assertThat(Fault.parse("announce=0")).isEqualTo(new Fault.LengthOverride(0));
    assertThat(Fault.parse("traffic=skip")).isEqualTo(Fault.TrafficFault.SKIP);
    assertThat(Fault.parse("traffic=repeat")).isEqualTo(Fault.TrafficFault.REPEAT);
    assertThat(Fault.parse("traffic=restart")).isEqualTo(Fault.TrafficFault.RESTART);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
      "\"\"|expected arc=FROM>TO, read, write",
      "nonsense=1|expected arc=FROM>TO",
      "arc=RUNNING>STOP_COPY,errno=EIO|is not a single arc",
      "arc=STOP,errno=EIO|expected two states, as in arc=STOP>STOP_COPY",
      "arc=STOP>GO,errno=EIO|unknown state 'GO': expected one of [ERROR, STOP",
      "arc=STOP>STOP_COPY|expected errno=E or delay=D",
      "arc=STOP>STOP_COPY,errno=EWHAT|by name, as in EIO, or by number",
      "arc=STOP>STOP_COPY,errno=0|an errno must be from 1 to 4095",
      "arc=STOP>STOP_COPY,delay=5|in us, ms or s, as in delay=500ms",
      "arc=STOP>STOP_COPY,delay=99999999s|must be at most a day",
      "arc=STOP>STOP_COPY,delay=5ms,errno=EIO|unexpected 'errno'",
      "arc=STOP>STOP_COPY,errno=EIO,times=0|must be at least 1",
      "read,errno=EIO|expected at=N, the number of the byte",
      "read,at=5|expected errno=E or cut",
      "read,at=-5,cut|is not a whole number such as 4096, 64k or 2m",
      "read,at=9999999999999g,cut|is not a whole number",
      "read,at=5,cut,at=6|'at' is repeated",
      "slow=0|must be at least 1",
      "slow=fast|is not a whole number",
      "traffic=jump|expected traffic=skip, traffic=repeat or traffic=restart"})
  void suggestsCorrectSyntax(String text, String right) {
    assertThatThrownBy(() -> Fault.parse(text)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(right).message().doesNotContain("\n");
  }

  @Test
  void rejectsImpossibleTransitions() {
    ScratchConfig config = ScratchFixture.config(1).withFault(Fault.parse("arc=RUNNING>STOP,errno=EIO"));
    assertThatThrownBy(() -> new ScratchDevice(config)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("RUNNING > STOP").hasMessageContaining("never takes this arc");
  }
}
