@NullMarked
package io.vfio4j.cli.probe;

import org.jspecify.annotations.NullMarked;
