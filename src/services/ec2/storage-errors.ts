/** Errors of volumes, snapshots and images ("Error codes for the Amazon EC2 API"). */
import type { Worded } from '#services/ec2/errors.ts';

const error = (code: string, message: string): Worded => ({ code, message });

export const STORAGE_ERRORS = {
  NoSuchVolume: (id: string) => error('InvalidVolume.NotFound', `The volume '${id}' does not exist.`),
  NoSuchSnapshot: (id: string) => error('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`),
  NoSuchImage: (id: string) => error('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`),
  ImageUnavailable: (id: string) => error('InvalidAMIID.Unavailable', `The image ID '${id}' is no longer available`),
  WrongShape: (message: string) => error('InvalidParameterValue', message),
  ShapeCombination: (message: string) => error('InvalidParameterCombination', message),
} as const;
