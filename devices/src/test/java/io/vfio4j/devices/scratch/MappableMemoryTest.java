// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.SavingSession;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class MappableMemoryTest {

  private static final int PAGES = 33;

  @Test
  void detectsClientWrites() throws Exception {
    try (ScratchFixture source = ScratchFixture.of(ScratchFixture.config(PAGES).withMappable(true));
        ScratchFixture target = ScratchFixture.of(ScratchFixture.config(PAGES).withMappable(true));
        Arena arena = Arena.ofConfined()) {
      assertThat(source.device.description().regions().get(2).mappable()).isTrue();
      long size = source.device.description().regions().get(2).size();
      MemorySegment outside =
          MemoryMap.shared(source.device.regionFile(2).orElseThrow(), 0, size, true, arena);
      outside.fill((byte) 1);
      assertThat(source.memory()).containsOnly(1);

      SavingSession saving = source.save(DeviceState.PRE_COPY);
      ByteArrayOutputStream state = new ByteArrayOutputStream();
      state.writeBytes(ScratchFixture.drain(saving, 200_000));
      outside.set(JAVA_BYTE, 5 * 4096, (byte) 2);
      outside.set(JAVA_BYTE, 6 * 4096, (byte) 2);
      outside.set(JAVA_BYTE, 32 * 4096 + 4095, (byte) 3);
      assertThat(saving.preCopyInfo()).contains(new PreCopyInfo(0, 0, false));
      MemorySegment into = arena.allocate(10);
      assertThat(saving.read(into)).isEqualTo(10);
      state.writeBytes(into.toArray(JAVA_BYTE));
      long found = saving.preCopyInfo().orElseThrow().dirtyBytes();
      assertThat(found).isEqualTo(2 * 4096 + RECORD + 4096 - 10);
      state.writeBytes(ScratchFixture.drain(saving, 200_000));
      assertThat(saving.read(into)).isEqualTo(SavingSession.NOTHING_NOW);

      outside.set(JAVA_BYTE, 7, (byte) 4);
      source.write(2, 4096, (byte) 5);
      source.device.moveTo(DeviceState.STOP_COPY);
      state.writeBytes(ScratchFixture.drain(saving, 200_000));
      target.load(state.toByteArray());
      assertThat(target.memory()).isEqualTo(source.memory());
      assertThat(target.memory()).startsWith(1, 1, 1, 1, 1, 1, 1, 4);
    }
  }

  private static final int RECORD = StateRecords.RECORD_HEADER_BYTES;

  @Test
  void comparesSweptPagesWhenStoppedEarly() throws Exception {
    try (ScratchFixture source = ScratchFixture.of(ScratchFixture.config(PAGES).withMappable(true));
        ScratchFixture target = ScratchFixture.withPages(PAGES)) {
      SavingSession saving = source.save(DeviceState.PRE_COPY);
      MemorySegment into = Arena.ofAuto().allocate(70_000);
      ByteArrayOutputStream state = new ByteArrayOutputStream();
      state.write(into.asSlice(0, saving.read(into)).toArray(JAVA_BYTE));
      source.write(2, 0, (byte) 1);
      source.write(2, 30 * 4096, (byte) 2);
      source.device.moveTo(DeviceState.STOP_COPY);
      state.writeBytes(ScratchFixture.drain(saving, 5000));
      target.load(state.toByteArray());
      assertThat(target.memory()).isEqualTo(source.memory());
    }
  }
}
