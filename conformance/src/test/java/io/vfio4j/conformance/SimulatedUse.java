// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.conformance.setup.DeviceInfos;
import io.vfio4j.conformance.setup.DeviceUse;
import io.vfio4j.conformance.setup.ObservedDevice;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.info.IrqInfo;
import io.vfio4j.model.info.RegionInfo;
import io.vfio4j.testkit.MisbehavingDevice;
import io.vfio4j.testkit.Misbehaviour;
import io.vfio4j.testkit.SimulatedSettings;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The control socket of a simulated device with a simulated VMM, which misbehaves in at most one way. */
final class SimulatedUse implements ObservedDevice {

  static final Duration MAX_HOLD = Duration.ofSeconds(4);

  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int COMMAND = 4;
  private static final int CAPABILITY = 0x50;
  /** Queries of the use until an effect comes: in the next check's snapshot, not in the one right after the check. */
  private static final int LATER = 2;

  private final SimulatedUseDevice device;
  private final Optional<UseMisbehaviour> misbehaviour;
  private final byte[] configSpace = new byte[256];
  private int mappings = 3;
  private int irqs = 0b100;
  private long token = 0x1234;
  private boolean hasVmm = true;
  private boolean holdsAfterwards;
  private int infoQueries;
  private int countdown;

  SimulatedUse(SimulatedSettings settings, Optional<UseMisbehaviour> misbehaviour,
      Set<Misbehaviour> ofDevice) {
    this.misbehaviour = misbehaviour;
    this.device =
        new SimulatedUseDevice(new MisbehavingDevice(settings, ofDevice), misbehaviour, this::onMoved,
            settings.clock());
    MemorySegment.ofArray(configSpace).set(U32, 0,
        misbehaves(UseMisbehaviour.OTHER_IDS) ? 0x5678_1af4
            : device.identity().deviceId() << 16 | device.identity().vendorId());
    configSpace[COMMAND] = 6;
  }

  private boolean misbehaves(UseMisbehaviour other) {
    return misbehaviour.filter(other::equals).isPresent();
  }

  SimulatedUse withoutVmm() {
    hasVmm = false;
    return this;
  }

  private void onMoved(DeviceState from, DeviceState to) {
    if (from == DeviceState.STOP_COPY && misbehaves(UseMisbehaviour.HELD_AFTER_STOP_COPY)) {
      holdsAfterwards = true;
    }
    if (misbehaviour.isEmpty() || from != DeviceState.PRE_COPY || to != DeviceState.RUNNING) {
      return;
    }
    switch (misbehaviour.get()) {
      case LOSES_MAPPINGS -> mappings = 0;
      case LOSES_ONE_MAPPING -> mappings = 2;
      case DISABLES_INTERRUPTS -> irqs = 0;
      case DISCONNECTS_VMM -> hasVmm = false;
      case CHANGES_TOKEN -> token = 1;
      case CHANGES_TOKEN_LATER -> countdown = LATER;
      case RESETS_CONFIG_SPACE -> configSpace[COMMAND] = 0;
      case CHANGES_CAPABILITY -> configSpace[CAPABILITY] = 1;
      default -> {
        // Misbehaves elsewhere.
      }
    }
  }

  @Override
  public SimulatedUseDevice device() {
    return device;
  }

  @Override
  public DeviceUse use() throws DeviceException {
    if (countdown > 0 && --countdown == 0) {
      token = 1;
    }
    DeviceUse.Vmm vmm = new DeviceUse.Vmm(misbehaves(UseMisbehaviour.NO_TOKEN) ? 0 : token, Instant.EPOCH, 42,
        mappings, mappings * 4096L, irqs);
    return new DeviceUse(hasVmm ? Optional.of(vmm) : Optional.empty(), isHeld(device.state()),
        misbehaves(UseMisbehaviour.STAGED), misbehaves(UseMisbehaviour.SURRENDERED), MAX_HOLD);
  }

  private boolean isHeld(DeviceState state) {
    if (misbehaves(UseMisbehaviour.ALWAYS_HELD) || holdsAfterwards) {
      return true;
    }
    return switch (state) {
      case RUNNING_P2P -> misbehaves(UseMisbehaviour.HELD_IN_P2P);
      case PRE_COPY -> misbehaves(UseMisbehaviour.HELD_IN_PRE_COPY);
      case PRE_COPY_P2P -> misbehaves(UseMisbehaviour.HELD_IN_PRE_COPY_P2P);
      case STOP_COPY -> hasVmm && !misbehaves(UseMisbehaviour.SERVES_IN_STOP_COPY);
      default -> false;
    };
  }

  @Override
  public DeviceInfos infos() {
    infoQueries++;
    long size = misbehaves(UseMisbehaviour.INFOS_VARY) ? 4096L * infoQueries : 4096;
    return new DeviceInfos(List.of(new RegionInfo(0, size, true, true, false, List.of())),
        List.of(new IrqInfo(2, 1, 4)));
  }

  @Override
  public byte[] configSpace() throws DeviceException {
    if (misbehaves(UseMisbehaviour.CONFIG_SPACE_REFUSED)) {
      throw new DeviceException(device.identity().name(), "read region 7", Errno.EPERM);
    }
    return configSpace.clone();
  }

  @Override
  public void connectTwice() throws DeviceException {
    if (!misbehaves(UseMisbehaviour.ACCEPTS_SECOND_CLIENT)) {
      throw new DeviceException(device.identity().name(), "connect",
          misbehaves(UseMisbehaviour.REFUSES_SECOND_CLIENT_WRONGLY) ? Errno.EPERM : Errno.EBUSY);
    }
  }

  @Override
  public void reopen() throws DeviceException {
    if (!misbehaves(UseMisbehaviour.STAYS_AFTER_DISCONNECT)) {
      device.moveTo(DeviceState.RUNNING);
    }
  }

  @Override
  public void close() {
    device.close();
  }
}
