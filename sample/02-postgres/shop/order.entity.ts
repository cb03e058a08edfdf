import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('orders')
export class Order {
  @PrimaryGeneratedColumn()
  declare id: number;

  @Column('text')
  declare product: string;

  @Column('integer')
  declare quantity: number;

  @Column('text')
  declare email: string;

  @Column('text', { default: 'placed' })
  declare state: 'placed' | 'shipped';
}
