// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.idio16;

import static io.vfio4j.devices.idio16.Idio16Layout.FILTER;
import static io.vfio4j.devices.idio16.Idio16Layout.FILTER_ALL;
import static io.vfio4j.devices.idio16.Idio16Layout.IN_HIGH;
import static io.vfio4j.devices.idio16.Idio16Layout.IN_LOW;
import static io.vfio4j.devices.idio16.Idio16Layout.IRQ;
import static io.vfio4j.devices.idio16.Idio16Layout.OUT_HIGH;
import static io.vfio4j.devices.idio16.Idio16Layout.OUT_LOW;
import static io.vfio4j.devices.idio16.Idio16Layout.STATUS;

import io.vfio4j.devices.BarKind;
import io.vfio4j.devices.DevicePacer;
import io.vfio4j.devices.DeviceProvider;
import io.vfio4j.devices.DeviceSetup;
import io.vfio4j.devices.DeviceTimer;
import io.vfio4j.devices.Intx;
import io.vfio4j.devices.PciDevice;
import io.vfio4j.devices.PciIds;
import io.vfio4j.devices.Register;
import io.vfio4j.devices.RegisterBank;
import io.vfio4j.devices.StateField;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;

/**
 * The PCI-IDIO-16 card: 16 outputs, 16 inputs with noise filters, and an interrupt when an input changes.
 * {@link Idio16Layout} describes its registers.
 *
 * <p>
 * A filtered input is reported as changed once the change has lasted for 5 ms. The state consists of the outputs, the
 * inputs as reported, the filters and the interrupt. The wiring is not part of it: after a migration the card samples the
 * target's wiring, and a difference counts as a normal change.
 */
public final class Idio16Device extends PciDevice {

  private static final int INPUTS = 16;
  private static final int ALL_INPUTS = (1 << INPUTS) - 1;
  private static final int LOW_INPUTS = 0xff;
  private static final long FILTER_NANOS = 5_000_000L;
  private static final int POLLS_PER_SECOND = 200;
  /** PCI_CLASS_SP_OTHER: signal processing, which includes digital I/O. */
  private static final int CLASS_CODE = 0x118000;

  private final Wiring wiring;
  private final RegisterBank io =
      bar(Idio16Layout.REGISTERS_BAR, BarKind.IO, Idio16Layout.REGISTERS_SIZE).registers();
  private final Register outLow = io.register8("OUT0_7", OUT_LOW).onWrite(written -> sampleInputs());
  private final Register outHigh = io.register8("OUT8_15", OUT_HIGH).onWrite(written -> sampleInputs());
  private final StateField inputState = field("inputs");
  private final StateField changeStatus = field("changed");
  private final StateField interruptEnabled = field("interrupt enabled");
  private final StateField filterAll = field("filter all");
  private final StateField filterLow = field("filter 0 to 7");
  private final Intx intx = intx();
  private final DevicePacer inputPoll = pacer("looking", this::pollInputs);
  private final DeviceTimer[] filters = new DeviceTimer[INPUTS];

  /**
   * Creates a card.
   *
   * @param setup name, migration features, log and clock
   * @param wiring the wiring of its terminals
   */
  public Idio16Device(DeviceSetup setup, Wiring wiring) {
    super("idio-16", PciIds.of(Idio16Layout.VENDOR_ID, Idio16Layout.DEVICE_ID).withClassCode(CLASS_CODE),
        setup);
    this.wiring = wiring;
    for (int input = 0; input < INPUTS; input++) {
      int bit = 1 << input;
      filters[input] = timer("filter " + input, () -> applyChanges(changedInputs() & bit));
    }
    io.register8("IN0_7", IN_LOW).computed(() -> readInputs() & LOW_INPUTS)
        .onWrite(written -> clearInterrupt());
    io.register8("IN8_15", IN_HIGH).computed(() -> readInputs() >> Byte.SIZE);
    io.register8("IRQ", IRQ).computed(() -> 0).onRead(() -> setInterruptEnabled(1))
        .onWrite(written -> setInterruptEnabled(0));
    io.register8("FILTER_ALL", FILTER_ALL).computed(() -> 0).onRead(() -> setFilters(1, filterLow.value()))
        .onWrite(written -> setFilters(0, 0));
    io.register8("STATUS", STATUS).computed(this::readStatus);
    io.register8("FILTER", FILTER).computed(() -> filteredInputs() & LOW_INPUTS).onWrite(this::setFilters);
  }

  /** Returns the provider of {@code serve idio-16}. */
  public static DeviceProvider provider() {
    return new Idio16DeviceProvider();
  }

  /** Returns the energized inputs, before filters. */
  private int inputLevels() {
    return wiring.inputs(outLow.intValue() | outHigh.intValue() << Byte.SIZE) & ALL_INPUTS;
  }

  /** Returns the inputs whose level differs from the reported one. */
  private int changedInputs() {
    return inputLevels() ^ (int) inputState.value();
  }

  private int filteredInputs() {
    return filterAll.value() != 0 ? ALL_INPUTS : (int) filterLow.value();
  }

  private int readInputs() {
    sampleInputs();
    return (int) inputState.value();
  }

  private boolean pollInputs() {
    sampleInputs();
    return true;
  }

  /** Samples the inputs: reports changes of unfiltered ones, and starts or cancels the filters of the others. */
  private void sampleInputs() {
    if (!isRunning()) {
      return; // The inputs are sampled as soon as the card runs.
    }
    int different = changedInputs();
    int wait = different & filteredInputs();
    for (int input = 0; input < INPUTS; input++) {
      if ((wait >> input & 1) == 0) {
        filters[input].cancel();
      } else if (!filters[input].isArmed()) {
        filters[input].start(FILTER_NANOS);
      }
    }
    applyChanges(different & ~wait);
  }

  private void applyChanges(int inputs) {
    inputState.set(inputState.value() ^ inputs);
    if (interruptEnabled.value() != 0) {
      int low = (inputs & LOW_INPUTS) != 0 ? Idio16Layout.STATUS_LOW : 0;
      int high = (inputs & ~LOW_INPUTS) != 0 ? Idio16Layout.STATUS_HIGH : 0;
      changeStatus.set(changeStatus.value() | low | high);
    }
    updateIntx();
  }

  private void clearInterrupt() {
    changeStatus.set(0);
    updateIntx();
  }

  private void setInterruptEnabled(int on) {
    sampleInputs(); // Earlier changes do not interrupt.
    interruptEnabled.set(on);
    updateIntx();
  }

  private void setFilters(long lowInputs) {
    if (filterAll.value() == 0) {
      setFilters(0, lowInputs);
    }
  }

  private void setFilters(long all, long lowInputs) {
    filterAll.set(all);
    filterLow.set(lowInputs);
    sampleInputs();
  }

  private boolean isInterruptPending() {
    return interruptEnabled.value() != 0 && changeStatus.value() != 0;
  }

  private void updateIntx() {
    intx.set(isInterruptPending());
  }

  private long readStatus() {
    sampleInputs();
    return changeStatus.value() | (isInterruptPending() ? Idio16Layout.STATUS_INTERRUPT : 0);
  }

  @Override
  protected void onReset() {
    inputState.set(inputLevels());
    inputPoll.rate(wiring.needsPolling() ? POLLS_PER_SECOND : 0);
  }

  @Override
  protected void onLoaded() throws ErrnoException {
    boolean possible = (inputState.value() & ~ALL_INPUTS) == 0 && (filterLow.value() & ~LOW_INPUTS) == 0
        && (changeStatus.value() & ~(Idio16Layout.STATUS_LOW | Idio16Layout.STATUS_HIGH)) == 0
        && (interruptEnabled.value() | filterAll.value()) >>> 1 == 0;
    if (!possible) {
      throw new ErrnoException(Errno.EINVAL, "invalid inputs, filters or interrupt status in the state");
    }
    // The wiring is not part of the state.
    inputPoll.rate(wiring.needsPolling() ? POLLS_PER_SECOND : 0);
  }

  @Override
  protected void onStateChanged(DeviceState from, DeviceState to) {
    sampleInputs();
  }
}
